"""Django's ORM over psycopg 3, with a connection that persists, as its documentation shows."""

from __future__ import annotations

from typing import Any


class Contestant:
    def open(self, place: dict[str, str]) -> None:
        import django
        from django.conf import settings

        settings.configure(
            DATABASES={
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "HOST": place["host"],
                    "PORT": place["port"],
                    "USER": place["user"],
                    "NAME": place["database"],
                    "CONN_MAX_AGE": None,
                }
            },
            USE_TZ=True,
            TIME_ZONE="UTC",
        )
        django.setup()
        self.user, self.order = _models()

    def close(self) -> None:
        from django.db import connection

        connection.close()

    def get(self, key: int) -> Any:
        return self.user.objects.get(pk=key)

    def listed(self) -> Any:
        return list(self.user.objects.filter(active=True).order_by("id")[:100])

    def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        return self.user.objects.create(email=email, name=name, credit=credit)

    def update(self, key: int, name: str) -> Any:
        user = self.user.objects.get(pk=key)
        user.name = name
        user.save(update_fields=["name"])
        return user

    def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        self.user.objects.bulk_create(
            [self.user(email=email, name=name, credit=credit) for email, name, credit in new]
        )

    def fetch(self) -> Any:
        return list(self.order.objects.order_by("id"))

    def related(self) -> Any:
        listed = self.user.objects.filter(active=True).order_by("id")[:100]
        return [(user, list(user.orders.all())) for user in listed.prefetch_related("orders")]


def _models() -> tuple[Any, Any]:
    """The models; Django wants to be set up before they are made."""
    from django.db import models
    from django.db.models.functions import Now

    class User(models.Model):
        id = models.BigAutoField(primary_key=True)
        email = models.TextField(unique=True)
        name = models.TextField()
        active = models.BooleanField(default=True)
        credit = models.DecimalField(max_digits=12, decimal_places=2, default=0)
        created_at = models.DateTimeField(db_default=Now())

        class Meta:
            app_label = "bench"
            db_table = "users"

    class OrderStatus(models.TextChoices):
        PLACED = "placed"
        PAID = "paid"
        SHIPPED = "shipped"

    class Order(models.Model):
        id = models.BigAutoField(primary_key=True)
        user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="orders")
        status = models.CharField(max_length=20, choices=OrderStatus)
        total = models.DecimalField(max_digits=12, decimal_places=2)
        note = models.TextField(null=True)
        placed_at = models.DateTimeField(db_default=Now())

        class Meta:
            app_label = "bench"
            db_table = "orders"
            ordering = ("id",)

    return User, Order
