import subprocess, sys, os, time, threading
from django.db import connection
from django.test.utils import CaptureQueriesContext
from escalation.notifications.delivery import deliver_due, close_channels
from escalation.models import Notification
from incidents.timers.clock import read_now
from tests.escalation.notifications.makers import *

def test_bench(world_database, django_db_blocker, tmp_path, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    env = {**os.environ, "DEMO_RECEIVER_SECRETS": SECRET}
    p = subprocess.Popen([sys.executable, "-m", "config.demo_receiver", "--port", "0", "--data", str(tmp_path)], stdout=subprocess.PIPE, text=True, env=env)
    port = p.stdout.readline().split()[-1]
    smtp = subprocess.Popen([sys.executable, "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:18025", "-c", "aiosmtpd.handlers.Sink"])
    time.sleep(2)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 18025, 10
    with django_db_blocker.unblock():
        lab = make_lab()
        hook = make_webhook(lab, f"http://127.0.0.1:{port}/x")
        mail = make_method(lab)
        incidents = [make_incident(lab) for _ in range(200)]
        for method, label in ((hook, "webhook"), (mail, "mail")):
            n = 1500
            started = time.monotonic()
            queue_pages([new_page(method, incident=incidents[i % 200]) for i in range(n)])
            queued = time.monotonic() - started
            started = time.monotonic(); cpu = time.process_time()
            import cProfile, pstats; pr = cProfile.Profile(timer=time.thread_time); pr.enable(); done = deliver_due(read_now); pr.disable(); pstats.Stats(pr).sort_stats("cumulative").print_stats(45)
            took = time.monotonic() - started
            print(f"\n{label}: queued {n/queued:.0f}/s; delivered {done} in {took:.2f}s = {done/took:.0f}/s cpu {time.process_time()-cpu:.1f}s")
        print(Notification.objects.values_list("status").distinct())
        close_channels()
        with connection.cursor() as c:
            c.execute("select count(*) from tocsin_notification where status='sent'"); print(c.fetchall())
    p.terminate(); smtp.terminate(); p.wait(); smtp.wait(); p.stdout.close()
