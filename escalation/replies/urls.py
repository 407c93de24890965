from django.urls import path

from escalation.replies import views

# Without a slash at the end: providers sign the address exactly as they are told it.
urlpatterns = [
    path("callbacks/twilio/sms", views.twilio_sms, name="callback-twilio-sms"),
    path("callbacks/twilio/voice", views.twilio_voice, name="callback-twilio-voice"),
    path("callbacks/slack/interactive", views.slack_interactive, name="callback-slack"),
]
