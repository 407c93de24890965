"""Organisations, teams, people, their roles and their API tokens."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from incidents.organisations.roles import Role


class OrganisationKind(models.TextChoices):
    """What an organisation is to the others."""

    LAB = "lab", "Lab"
    AGENCY = "agency", "Agency"
    PLATFORM = "platform", "Platform operator"


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Look-ups of organisations."""

    def of(self, user: "User") -> "OrganisationQuerySet":
        """Return the organisations that the user is a member of."""
        return self.filter(
            memberships__user=user, memberships__ended_at=None
        ).distinct()


class Organisation(models.Model):
    """A lab, an agency, or the operator of the platform."""

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=OrganisationKind)
    created_at = models.DateTimeField(db_default=Now())

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_organisation"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_agency(self) -> bool:
        """Whether this organisation oversees labs."""
        return self.kind == OrganisationKind.AGENCY


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail address is the sign-in name."""

    def create_user(
        self, email: str, *, name: str = "", password: str | None = None
    ) -> "User":
        """Create a person who signs in with this e-mail address."""
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by e-mail address, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person. What they may see follows from their memberships alone."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="subject of their data key"
    )
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_user"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Team(models.Model):
    """People of one organisation who are notified together."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="teams"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    members = models.ManyToManyField(
        User, related_name="teams", db_table="tocsin_team_member"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_team"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="team_organisation_slug"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one person in one organisation."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    granted_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_membership"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "user", "role"],
                condition=models.Q(ended_at=None),
                name="membership_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.organisation}"


class ApiToken(models.Model):
    """A person's key to the API: hashed, scoped, expiring and revocable."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(
        max_length=12, help_text="shown, so that its owner can tell it"
    )
    digest = models.BinaryField(unique=True, help_text="sha256 of the whole token")
    scopes = ArrayField(models.CharField(max_length=30), default=list)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_api_token"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    def is_valid(self, now: datetime) -> bool:
        """Whether the token opens anything at `now`."""
        return self.revoked_at is None and (
            self.expires_at is None or now < self.expires_at
        )


class SignInFailure(models.Model):
    """One sign-in that did not succeed; kept for minutes, to slow down guessing."""

    id = models.BigAutoField(primary_key=True)
    account = models.BinaryField(
        help_text="keyed hash of the e-mail address, whether or not it has an account"
    )
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_sign_in_failure"
        indexes: ClassVar = [
            models.Index(fields=["at"], name="sign_in_failure_at"),
            models.Index(fields=["address", "at"], name="sign_in_failure_address"),
        ]

    def __str__(self) -> str:
        return f"failed sign-in from {self.address} at {self.at}"
