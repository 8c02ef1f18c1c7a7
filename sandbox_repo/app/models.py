"""The payloads that analytics.js sends; anything else is refused."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://\S+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, StringConstraints(max_length=256)]

ONE_DAY_MS: Final = 24 * 60 * 60 * 1000


class _Base(BaseModel):
    """What every payload has: the page it is about, and no room for unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: Url


class PageView(_Base):
    """A page was opened; without a referrer the field is empty or missing."""

    type: Literal["pageview"]
    referrer: Url | Literal[""] = ""
    title: Text = ""


class Event(_Base):
    """Something the site chose to count."""

    type: Literal["event"]
    name: Name
    props: Annotated[dict[Name, Text], Field(max_length=16)] = {}


class Hide(_Base):
    """The page went out of sight after `visible_ms` milliseconds in view."""

    type: Literal["hide"]
    visible_ms: Annotated[int, Field(ge=0, le=ONE_DAY_MS)]


Payload = Annotated[PageView | Event | Hide, Field(discriminator="type")]

PAYLOAD: Final[TypeAdapter[PageView | Event | Hide]] = TypeAdapter(Payload)

FIELD_NAMES: Final = frozenset(
    name for model in (PageView, Event, Hide) for name in model.model_fields
)
