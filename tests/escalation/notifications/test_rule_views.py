import pytest
from django.urls import reverse

from escalation.models import NotificationRules
from tests import factories as make

pytestmark = pytest.mark.django_db
BELOW = {"zone": "UTC", "digest_after": "5", "digest_minutes": "10"}


@pytest.fixture
def ann(client):
    aurora = make.lab("aurora")
    user = make.person(aurora, "ann@aurora.example")
    client.force_login(user)
    return user


def save(client, **fields):
    address = reverse("notification-rules-save", args=["aurora"])
    return client.post(address, {**BELOW, **fields})


def reached(user, **more):
    return make.contact(user.memberships.get().organisation, user, **more)


def test_account_says_where_one_would_be_paged_now(client, ann):
    mail = reached(ann, slug="mail")
    make.rules(mail.organisation, ann, normal=[{"method": "mail", "after_minutes": 4}])
    answer = client.get(reverse("account"))
    [section] = answer.context["rule_sections"]
    assert section["paged_now"].normal == "E-mail after 4 min"
    assert section["paged_now"].urgent == "E-mail at once"
    assert "E-mail after 4 min" in answer.text


def test_minutes_of_the_form_become_rules(client, ann):
    mail, pager = reached(ann, slug="mail"), reached(ann, slug="pager")
    answer = save(
        client,
        **{
            f"normal_{mail.pk}": "0",
            f"normal_{pager.pk}": "10",
            f"urgent_{pager.pk}": "0",
            "quiet_from": "22:00",
            "quiet_to": "07:00",
            "quiet_days": ["mon", "tue"],
        },
    )
    assert answer.status_code == 302
    row = NotificationRules.objects.get(user=ann)
    assert row.normal == [
        {"method": "mail", "after_minutes": 0},
        {"method": "pager", "after_minutes": 10},
    ]
    assert row.urgent == [{"method": "pager", "after_minutes": 0}]
    assert row.quiet == {"from": "22:00", "to": "07:00", "days": ["mon", "tue"]}


def test_form_shows_what_is_saved(client, ann):
    mail = reached(ann, slug="mail")
    save(
        client, **{f"normal_{mail.pk}": "7", "quiet_from": "23:00", "quiet_to": "6:00"}
    )
    [section] = client.get(reverse("account")).context["rule_sections"]
    form = section["form"]
    assert form[f"normal_{mail.pk}"].value() == 7
    assert (form["quiet_from"].value(), form["quiet_to"].value()) == ("23:00", "06:00")


def test_mistake_comes_back_with_the_form_and_its_remedy(client, ann):
    mail = reached(ann, slug="mail")
    answer = save(client, **{f"urgent_{mail.pk}": "5"})
    assert answer.status_code == 422
    [section] = answer.context["rule_sections"]
    remedy = "Begin with a method after 0 minutes: an urgent page does not wait."
    assert section["form"].non_field_errors() == [remedy]
    assert NotificationRules.objects.count() == 0


def test_half_of_quiet_hours_is_a_mistake_of_its_field(client, ann):
    reached(ann, slug="mail")
    answer = save(client, quiet_from="22:00")
    [section] = answer.context["rule_sections"]
    assert section["form"].errors["quiet_to"] == ["Write a time of day such as 22:00."]


def test_rules_are_removed(client, ann):
    reached(ann, slug="mail")
    save(client)
    client.post(reverse("notification-rules-delete", args=["aurora"]))
    assert NotificationRules.objects.count() == 0
