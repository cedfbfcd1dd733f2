"""Who may ask for what, written by hand from the rule and not from the tables of the services.

Columns are roles; a cell says who of that role gets in. Letters are organisations of the tenant:
P the practice the person came from, T the team that holds the case and made the onward referral,
G the group that was asked and serves, O another; X is the team's organisation in another tenant.
Who is not named finds nothing there (404); after ``!`` stand those who are told that it is not
for them (403). ``all`` is everyone of the tenant, ``any`` everyone whatever the tenant (nothing
of another's is touched), ``none`` no one of that role, ``away``
whoever of that role is told that Kafka does not answer (503), ``-`` is a role that may never (403).
``public`` asks for no token of ours, ``token`` for one of its own.
"""

ROLES = (
    "referrer", "link_worker", "team_lead", "provider", "safeguarding_lead",
    "directory_curator", "reporter", "tenant_admin", "operations", "service",
)  # fmt: skip

REFERRAL = """
                                             ref   lw    lead  prov  safe  cur rep adm ops svc
POST /referrals                              any   any   any   -     -     -   -   -   -   -
GET /referrals                               any   any   any   any   -     -   any any any -
GET /referrals/{referral_id}                 PTG   PTG   PTG   PTG   -     -   PTG PTG all -
GET /referrals/{referral_id}/history         PTG   PTG   PTG   PTG   -     -   PTG PTG all -
POST /referrals/{referral_id}/accept         -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/assign         -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/waitlist       -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/decline        -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/complete       -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/not-complete   -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/ask            -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/hold           -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/resume         -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/go-on          -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/review         T!PG  TG!P  TG!P  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/withdraw       T!PG  T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/answer         T!PG  T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/follow-up      T!PG  T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/enter-in-error T!PG  T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/submit         T!PG  T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/reroute        T!PG  T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/dismiss-reroute T!PG T!PG  T!PG  -     -     -   -   -   -   -
POST /referrals/{referral_id}/answer-links   -     -     -     -     -     -   -   -   -   all
GET /answers/{token}                         public
POST /answers/{token}                        public
POST /referrals/{referral_id}/appointments   -     G!PT  G!PT  G!PT  -     -   -   -   -   -
POST /referrals/{referral_id}/appointments/{appointment_id}/reschedule - G!PT G!PT G!PT - - - - - -
POST /referrals/{referral_id}/appointments/{appointment_id}/cancel - G!PT G!PT G!PT - - - - - -
POST /referrals/{referral_id}/appointments/{appointment_id}/{step} - G!PT G!PT G!PT - - - - - -
POST /sessions                               -     any   any   any   -     -   -   -   -   -
GET /sessions                                -     any   any   any   -     -   -   -   -   -
GET /sessions/{session_id}                   -     G     G     G     -     -   -   -   -   -
POST /sessions/{session_id}/places           -     G     G     G     -     -   -   -   -   -
DELETE /sessions/{session_id}/places/{referral_id} - G   G     G     -     -   -   -   -   -
POST /sessions/{session_id}/attendance       -     G     G     G     -     -   -   -   -   -
POST /sessions/{session_id}/{step}           -     G     G     G     -     -   -   -   -   -
POST /referrals/{referral_id}/contacts       -     G!PT  G!PT  G!PT  -     -   -   -   -   -
GET /referrals/{referral_id}/contacts        -     PTG   PTG   PTG   -     -   -   -   -   -
POST /referrals/{referral_id}/notes          -     PTG   PTG   PTG   -     -   -   -   -   -
GET /referrals/{referral_id}/notes           -     PTG   PTG   PTG   -     -   -   -   -   -
GET /persons/{person_id}                     PT    PT    PT    -     -     -   -   -   -   -
PATCH /persons/{person_id}                   PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/moved              PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/deceased           PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/deceased/revoke    PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/restriction        -     PT    PT    -     -     -   -   -   -   -
GET /persons/{person_id}/consent             PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/consent            PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/consent/withdraw   PT    PT    PT    -     -     -   -   -   -   -
POST /persons/{person_id}/break-glass        -     all   all   -     -     -   -   -   -   -
GET /persons/{person_id}/overrides           -     -     PT    -     -     -   -   -   -   -
POST /persons/{person_id}/overrides/{override_id}/review - - T  -    -     -   -   -   -   -
GET /reachability                            -     -     -     -     -     -   -   -   -   any
GET /persons/duplicates                      -     -     any   -     -     -   -   -   -   -
POST /persons/{person_id}/merge              -     -     PT    -     -     -   -   -   -   -
POST /persons/{person_id}/unmerge            -     -     PT    -     -     -   -   -   -   -
POST /persons/{person_id}/not-duplicate      -     -     PT    -     -     -   -   -   -   -
POST /safeguarding-concerns                  any   any   any   any   any   -   -   -   -   -
GET /safeguarding-concerns                   any   any   any   any   any   -   -   -   -   -
GET /safeguarding-concerns/alerts            any   any   any   any   any   -   -   -   -   -
GET /safeguarding-concerns/{concern_id}      none  T     none  none  all   -   -   -   -   -
POST /safeguarding-concerns/{concern_id}/close none none none none all   -   -   -   -   -
GET /teams/{organisation_id}                 -     TX    TX    TX     -     -   -   -   -   -
PUT /teams/{organisation_id}/workers/{worker_id} - -     TX    -     -     -   -   -   -   -
POST /teams/{organisation_id}/workers/{worker_id}/hand-over - - TX -  -     -   -   -   -   -
GET /worklist                                any   any   any   any   -     -   -   -   -   -
GET /rules                                   any   any   any   any   any   any any any any any
PUT /rules                                   -     -     -     -     -     -   -   any -   -
GET /persons/{person_id}/data-opt-out        PT    PT    PT    -     -     -   -   -   -   -
PUT /persons/{person_id}/data-opt-out        PT    PT    PT    -     -     -   -   -   -   -
PUT /persons/{person_id}/legal-hold          -     -     PT    -     -     -   -   -   -   -
GET /persons/{person_id}/export              -     -     PT    -     -     -   -   -   -   -
GET /retention/rules                         -     -     -     -     -     -   -   any -   -
PUT /retention/rules                         -     -     -     -     -     -   -   any -   -
GET /retention/due                           -     -     -     -     -     -   -   any -   -
POST /retention/erasures                     -     -     -     -     -     -   -   none -  -
GET /erasures                                -     -     any   -     -     -   -   any -   -
GET /erasures/{erasure_id}                   -     -     T     -     -     -   -   all -   -
POST /erasures/{erasure_id}/decision         -     -     T     -     -     -   -   all -   -
POST /persons/{person_id}/erasure            -     -     PT    -     -     -   -   all -   -
POST /ops/rebuilds                           -     -     -     -     -     -   -   -   any -
"""

DIRECTORY = """
                                             ref   lw    lead  prov  safe  cur rep adm ops svc
GET /persons/{person_id}/export              -     -     any   -     -     -   -   -   -   -
PUT /services                                -     -     -     -     -     any -   -   -   -
PUT /services/{service_id}                   -     -     -     GX    -     any -   -   -   -
POST /services/{service_id}/close            -     -     -     G     -     all -   -   -   -
GET /services/{service_id}                   all   all   all   all   all   all all all all all
GET /services                                any   any   any   any   any   any any any any any
POST /matches                                any   any   any   any   any   any any any any any
GET /needs                                   any   any   any   any   any   any any any any any
PUT /organisations                           -     -     -     -     -     any -   -   -   -
PUT /districts                               -     -     -     -     -     any -   -   -   -
GET /organisations                           any   any   any   any   any   any any any any any
GET /organisations/{organisation_id}         all   all   all   all   all   all all all all all
GET /organisations/{organisation_id}/place   all   all   all   all   all   all all all all all
POST /organisations/{organisation_id}/move   -     -     -     -     -     all -   all -   -
POST /services/{service_id}/assure           -     -     -     G     -     all -   -   -   -
POST /services/{service_id}/confirm-links    -     -     -     -     -     -   -   -   -   all
GET /confirm/{token}                         public
POST /confirm/{token}                        public
POST /services/{service_id}/problems         all   all   all   all   -     all -   -   -   all
GET /services/{service_id}/problems          -     -     -     G     -     all -   -   -   -
POST /services/{service_id}/problems/{problem_id}/resolve - - - G    -     all -   -   -   -
PUT /services/{service_id}/capacity          -     -     -     G     -     all -   -   -   -
GET /services/{service_id}/waiting-list      -     -     -     G     -     all -   -   -   -
POST /unmet-needs                            -     any   any   -     -     -   -   -   -   -
GET /unmet-needs                             -     -     any   -     -     any any -   -   -
"""

OUTCOMES = """
                                             ref   lw    lead  prov  safe  cur rep adm ops svc
GET /plans                                   -     any   any   -     -     -   -   -   -   -
GET /plans/{case_id}                         P     T     T     -     -     -   -   -   -   -
PUT /plans/{case_id}/gp-contacts             P     T     T     -     -     -   -   -   -   -
POST /plans/{case_id}/assessments            -     T     T     -     -     -   -   -   -   -
POST /plans/{case_id}/assessments/start      -     T     T     -     -     -   -   -   -   -
GET /plans/{case_id}/assessments/{assessment_id} - T     T     -     -     -   -   -   -   -
PUT /plans/{case_id}/assessments/{assessment_id} - T     T     -     -     -   -   -   -   -
POST /plans/{case_id}/assessments/{assessment_id}/complete - T T -   -     -   -   -   -   -
POST /plans/{case_id}/assessments/{assessment_id}/amend - T   T -    -     -   -   -   -   -
POST /plans/{case_id}/goals                  -     T     T     -     -     -   -   -   -   -
POST /plans/{case_id}/goals/{goal_id}/progress - T       T     -     -     -   -   -   -   -
POST /plans/{case_id}/goals/{goal_id}/lifecycle - T      T     -     -     -   -   -   -   -
POST /plans/{case_id}/goals/{goal_id}/wording - T        T     -     -     -   -   -   -   -
POST /plans/{case_id}/goals/{goal_id}/confidence - T     T     -     -     -   -   -   -   -
POST /plans/{case_id}/goals/{goal_id}/steps  -     T     T     -     -     -   -   -   -   -
POST /plans/{case_id}/goals/{goal_id}/steps/{step_id}/complete - T T - -   -   -   -   -   -
POST /plans/{case_id}/measures               -     T     T     -     -     -   -   -   -   -
POST /instruments                            -     -     -     -     -     -   -   any -   -
GET /instruments                             any   any   any   any   any   any any any any any
GET /instruments/{instrument_id}             any   any   any   any   any   any any any any any
POST /reports/recount                        -     -     -     -     -     -   -   -   any -
GET /reports/recount                         -     -     -     -     -     -   -   -   any -
POST /ops/rebuilds                           -     -     -     -     -     -   -   -   any -
GET /persons/{person_id}/export              -     -     any   -     -     -   -   -   -   -
GET /reports/{subject}                       any   -     any   any   -     -   any -   -   -
"""

NOTIFICATIONS = """
                                             ref   lw    lead  prov  safe  cur rep adm ops svc
GET /persons/{person_id}/export              -     -     any   -     -     -   -   -   -   -
POST /subscriptions                          any   any   any   any   -     any -   -   -   -
GET /subscriptions                           any   any   any   any   -     any -   -   -   -
GET /subscriptions/{subscription_id}         T     T     T     T     -     T   -   -   -   -
DELETE /subscriptions/{subscription_id}      T     T     T     T     -     T   -   -   -   -
POST /subscriptions/{subscription_id}/confirm T    T     T     T     -     T   -   -   -   -
POST /subscriptions/{subscription_id}/challenge T  T     T     T     -     T   -   -   -   -
POST /subscriptions/{subscription_id}/enable T     T     T     T     -     T   -   -   -   -
POST /subscriptions/{subscription_id}/rotate-secret T T  T     T     -     T   -   -   -   -
POST /subscriptions/{subscription_id}/resend T     T     T     T     -     T   -   -   -   -
GET /confirm-subscription/{token}            public
POST /confirm-subscription/{token}           public
GET /deliveries                              any   any   any   any   -     any -   -   any -
GET /deliveries/{delivery_id}                T     T     T     T     -     T   -   -   all -
POST /deliveries/{delivery_id}/resend        T     T     T     T     -     T   -   -   all -
GET /person-messages                         any   any   any   any   -     any -   -   any -
GET /messages-back                           any   any   any   -     -     -   -   -   any -
GET /messages-back/{return_id}               P     T     T     -     -     -   -   -   all -
POST /messages-back/{return_id}/acknowledge  P     -     -     -     -     -   -   -   -   -
POST /messages-back/{return_id}/reject       P     -     -     -     -     -   -   -   -   -
POST /messages-back/{return_id}/done-by-hand -     T     T     -     -     -   -   -   -   -
GET /templates                               any   any   any   any   -     any -   any any -
POST /templates/{name}/preview               any   any   any   any   -     any -   any any -
POST /notify-callbacks                       token
"""

EVERYWHERE = """
GET /live                                    public
GET /ready                                   public
GET /metrics                                 public
GET /asyncapi                                public
GET /openapi.json                            public
GET /docs                                    public
GET /docs/{part}                             public
GET /ops/parts                               -     -     -     -     -     -   -   -   any -
GET /ops/pipeline                            -     -     -     -     -     -   -   -   any -
GET /ops/trace/{thing_id}                    -     -     -     -     -     -   -   -   any -
GET /ops/dead-letters                        -     -     -     -     -     -   -   -   any -
GET /ops/dead-letters/counts                 -     -     -     -     -     -   -   -   any -
GET /ops/dead-letters/{letter_id}            -     -     -     -     -     -   -   -   none -
POST /ops/dead-letters/{letter_id}/unmask    -     -     -     -     -     -   -   -   away -
POST /ops/dead-letters/foresee               -     -     -     -     -     -   -   -   any -
POST /ops/dead-letters/replay                -     -     -     -     -     -   -   -   any -
POST /ops/dead-letters/discard               -     -     -     -     -     -   -   -   any -
GET /ops/repairs                             -     -     -     -     -     -   -   -   any -
GET /ops/repairs/{repair_id}                 -     -     -     -     -     -   -   -   none -
GET /ops/projections                         -     -     -     -     -     -   -   -   any -
GET /ops/rebuilds                            -     -     -     -     -     -   -   -   any -
POST /ops/rebuilds                           -     -     -     -     -     -   -   -   none -
GET /ops/rebuilds/{rebuild_id}               -     -     -     -     -     -   -   -   none -
POST /ops/rebuilds/{rebuild_id}/swap         -     -     -     -     -     -   -   -   none -
POST /ops/rebuilds/{rebuild_id}/cancel       -     -     -     -     -     -   -   -   none -
GET /ops/doctor                              -     -     -     -     -     -   -   -   any -
GET /ops/reconcile                           -     -     -     -     -     -   -   -   any -
GET /ops/reconciled                          -     -     -     -     -     -   -   -   none -
GET /audit                                   -     -     any   -     -     -   -   any -   -
GET /audit/export                            -     -     -     -     -     -   -   any -   -
"""
"""What every service serves. In one just started there is no dead letter, repair or rebuild, and
nothing was compared; only referral and outcomes have a projection, which their documentation names.
"""

SERVICES = {
    "referral": REFERRAL,
    "directory": DIRECTORY,
    "outcomes": OUTCOMES,
    "notifications": NOTIFICATIONS,
}


def cells(service: str) -> dict[str, dict[str, str]]:
    """For each operation what is expected of each role; of one without a token, ``{"": …}``."""
    found: dict[str, dict[str, str]] = {}
    for line in (EVERYWHERE + SERVICES[service]).splitlines():
        if not line.startswith(("GET ", "POST ", "PUT ", "PATCH ", "DELETE ")):
            continue
        method, path, *row = line.split()
        assert len(row) in {1, len(ROLES)}, line
        row = row if len(row) > 1 else [row[0]]
        keys = ROLES if len(row) > 1 else ("",)
        found[f"{method} {path}"] = dict(zip(keys, row, strict=True))
    return found


def outcome(cell: str, who: str) -> str:
    """``in``, ``away``, ``403`` or ``404`` for someone of that organisation, by the cell."""
    if cell == "-":
        return "403"
    if cell == "away":
        return "away"
    inside, _, told = {"any": "PTGOX", "all": "PTGO", "none": ""}.get(cell, cell).partition("!")
    return "in" if who in inside else "403" if who in told else "404"
