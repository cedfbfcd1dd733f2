"""The pages behind a link to answer a referral: plain words, no script."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from services.referral.api.person_views import PersonView
from services.referral.domain.answers import NOTHING, choices
from services.referral.domain.disclosure import of_person
from services.referral.domain.lifecycle import Status
from services.referral.domain.policy import Sight
from services.referral.domain.referral import Referral
from services.referral.handlers import Seen
from shared.errors import Conflict, Forbidden, Invalid
from shared.web import pages

Refused = Conflict | Forbidden | Invalid
"""Why the form was not followed."""

_TITLES = {
    Status.SUBMITTED: "A referral for you to answer",
    Status.INFO_REQUESTED: "You asked a question about this referral",
    Status.WAITLISTED: "This person is on your waiting list",
    Status.ACCEPTED: "You accepted this referral",
    Status.IN_PROGRESS: "You are supporting this person",
    Status.ON_HOLD: "Support is on hold",
    Status.COMPLETED: "This referral is complete",
    Status.NOT_COMPLETED: "This referral has ended",
    Status.DECLINED: "You declined this referral",
    Status.EXPIRED: "This referral has expired",
    Status.WITHDRAWN: "This referral was withdrawn",
    Status.ENTERED_IN_ERROR: "This referral was a mistake",
}

_DECLINES = [
    ("no_capacity", "We have no place"),
    ("not_eligible", "The person is not eligible for our service"),
    ("out_of_area", "They live outside our area"),
    ("wrong_service", "Another service would fit better"),
    ("insufficient_information", "We do not know enough"),
    ("risk_too_high", "We could not support them safely"),
    ("duplicate", "We know of this referral already"),
    ("other", "Another reason"),
]

_QUESTIONS = [
    ("eligibility", "Whether our service is open to them"),
    ("needs", "What they need"),
    ("contact_details", "How to reach them"),
    ("access_needs", "What they need to take part"),
    ("risk", "Safety"),
    ("availability", "When they can come"),
    ("other", "Something else"),
]

_ATTENDANCE = [("attend", "They came"), ("miss", "They did not come")]

_REFERRAL = """
{% if problem %}<p role="alert"><strong>{{ problem }}</strong></p>{% endif %}
{% if done %}<p role="status"><strong>Thank you. Your answer is recorded.</strong></p>{% endif %}
{% if restricted %}
<p>Only workers named on this person's record may see it, so it cannot be answered here.</p>
{% endif %}
{% if asked %}
<dl>
{% if asked.reason %}<dt>Why they were referred</dt><dd>{{ asked.reason }}</dd>{% endif %}
<dt>Needs</dt><dd>{{ asked.need_codes | map("replace", "_", " ") | join(", ") }}</dd>
<dt>Priority</dt><dd>{{ asked.priority }}</dd>
{% if person %}
{% if person.family_name %}
<dt>Name</dt><dd>{{ person.given_names }} {{ person.family_name }}</dd>
{% endif %}
{% if person.age is not none %}<dt>Age</dt><dd>{{ person.age }}</dd>{% endif %}
{% if person.postcode_district %}<dt>Area</dt><dd>{{ person.postcode_district }}</dd>{% endif %}
{% if person.language %}<dt>Language</dt><dd>{{ person.language }}</dd>{% endif %}
{% if person.interpreter_needed %}<dt>Interpreter</dt><dd>Needed</dd>{% endif %}
{% for each in person.accessibility_needs or () -%}
<dt>Access need</dt><dd>{{ each | replace("_", " ") }}</dd>
{% endfor -%}
{% if person.contact %}
{% if person.contact.telephone %}
<dt>Telephone</dt><dd>{{ person.contact.telephone }}</dd>
{% endif %}
{% if person.contact.email %}<dt>E-mail</dt><dd>{{ person.contact.email }}</dd>{% endif %}
{% if person.contact.address %}<dt>Address</dt><dd>{{ person.contact.address }}</dd>{% endif %}
{% endif %}
{% endif %}
{% for each in asked.questions -%}
<dt>You asked</dt><dd>{{ each.text }}</dd>
<dt>Answer</dt><dd>{{ each.answer or "None yet" }}</dd>
{% endfor -%}
</dl>
{% endif %}
{% for each in may.attendance -%}
<h2>Appointment of {{ each.start.strftime("%d %B %Y, %H:%M") }} UTC</h2>
{% call forms.form("Record") -%}
{{ forms.hidden("version", version) }}{{ forms.hidden("appointment_id", each.id) }}
{{ forms.radios("action", "Did the person come?", attendance) }}
{%- endcall %}
{% endfor -%}
{% if may.accept %}
<h2>Accept</h2>
<p>You will then see who the person is and how to reach them.</p>
{% call forms.form("Accept this referral") -%}
{{ forms.hidden("version", version) }}{{ forms.hidden("action", "accept") }}
{%- endcall %}
{% endif %}
{% if may.ask %}
<h2>Ask a question first</h2>
{% call forms.form("Send the question") -%}
{{ forms.hidden("version", version) }}{{ forms.hidden("action", "ask") }}
{{ forms.radios("question_code", "What is it about?", questions) }}
{{ forms.textarea("text", "Your question") }}
{%- endcall %}
{% endif %}
{% if may.decline %}
<h2>Decline</h2>
{% call forms.form("Decline this referral") -%}
{{ forms.hidden("version", version) }}{{ forms.hidden("action", "decline") }}
{{ forms.radios("reason_code", "Why?", declines) }}
{%- endcall %}
{% endif %}
{% if not restricted and not may.is_decision and not may.attendance %}
<p>There is nothing for you to do here now.</p>
{% endif %}
<p>Questions? Ask the organisation that referred: {{ referrer }}. Reference {{ reference }}.</p>
"""

_EXPIRED = """
<p>This link was only good for a while, and that time is over. Nothing was changed.</p>
<p>Ask the organisation that referred for a new one: {{ referrer }}. Reference {{ reference }}.</p>
"""


def referral(seen: Seen, now: datetime, *, refused: Refused | None, done: bool) -> Response:
    """The referral as its provider may see it, and what may be done; 403, 409, 422 if refused."""
    saved, how, person = seen
    state = saved.state
    shown = how in {Sight.DECIDING, Sight.SERVING}
    restricted = how is Sight.RESTRICTED
    return pages.render(
        _REFERRAL,
        title=_TITLES.get(state.status, "This referral"),
        status=_status(refused),
        restricted=restricted,
        asked=state if shown else None,
        person=None
        if person is None or not shown
        else PersonView.of(person, of_person(how, state), now),
        may=NOTHING if restricted else choices(state, now),
        version=saved.version,
        problem=_problem(refused, state),
        done=done,
        attendance=_ATTENDANCE,
        declines=_DECLINES,
        questions=_QUESTIONS,
        referrer=state.referrer_organisation_id,
        reference=state.id,
    )


def expired(state: Referral) -> Response:
    """The page for a link that has expired: whom to ask, and nothing of the referral."""
    return pages.render(
        _EXPIRED,
        title="This link has expired",
        status=410,
        referrer=state.referrer_organisation_id,
        reference=state.id,
    )


def _status(refused: Refused | None) -> int:
    match refused:
        case None:
            return 200
        case Forbidden():
            return 403
        case Conflict():
            return 409
    return 422


def _problem(refused: Refused | None, state: Referral) -> str | None:
    if refused is None:
        return None
    if not isinstance(refused, Conflict):
        return f"Nothing was changed. {refused.detail}"
    words = state.status.replace("_", " ")
    return f"Nothing was changed: the referral is {words}, so this cannot be done any more."
