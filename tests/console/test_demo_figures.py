"""What the demo reads of the services' own figures and contracts."""

from services.console.demo.figures import Figures, figures_of, listening_of

METRICS = """\
# HELP events_published_total Events acknowledged by Kafka.
# TYPE events_published_total counter
events_published_total{type="referral-created"} 12.0
# HELP events_consumed_total Events taken from Kafka, by what became of them.
# TYPE events_consumed_total counter
events_consumed_total{consumer="referral",result="applied",type="goal-updated"} 7.0
events_consumed_total{consumer="referral",result="repeated",type="goal-updated"} 2.0
events_consumed_total{consumer="referral",result="ignored",type="measure-recorded"} 5.0
# HELP dead_letters_total Records set aside because they can never be applied.
# TYPE dead_letters_total counter
dead_letters_total{reason="Invalid"} 1.0
dead_letters_total{reason="KeyError"} 2.0
"""


def test_figures_count_what_was_published_and_what_was_applied_once() -> None:
    figures = figures_of(METRICS)

    assert figures == Figures(figures.published, figures.applied, dead=3)
    assert figures.published == {"referral-created": 12}
    assert figures.applied == {"referral": {"goal-updated": 7}}


def test_what_a_service_receives_is_what_it_listens_to() -> None:
    operations = {
        "send-outcome-events": {
            "action": "send",
            "channel": {"$ref": "#/channels/outcome-events"},
            "messages": [{"$ref": "#/channels/outcome-events/messages/goal-updated"}],
        },
        "outcomes-receive-referral-events": {
            "action": "receive",
            "channel": {"$ref": "#/channels/referral-events"},
            "messages": [
                {"$ref": "#/channels/referral-events/messages/referral-created"},
                {"$ref": "#/channels/referral-events/messages/appointment-attended"},
            ],
            "bindings": {"kafka": {"groupId": {"type": "string", "const": "outcomes"}}},
        },
    }

    assert listening_of(operations) == {
        "outcomes": {"referral-events": {"referral-created", "appointment-attended"}}
    }
