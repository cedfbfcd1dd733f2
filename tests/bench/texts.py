"""What docs/performance.md says between its tables: what was measured how, and what was tried."""

HEAD = """\
# How fast Linkway is

Written by `make bench`; do not edit. Measured with {cores} cores ({days}). Everything ran on that
one machine: servers, services and the load. What counts are the ratios within a table, which is
one run: another machine gives other figures, and hardly other ratios.
"""
ACCEPTING = """\
## Accepting referrals

64 connections, each posting one referral at a time, all consumers running, with tokens,
validation, the rules, encryption, the audit and the outbox. Beside it FastAPI with one journalled
insert (*bare insert*); with an insert and a publication awaited after it, which loses events in a
crash (*insert, then publish*); and with an outbox written in one transaction (*outbox by
transaction*): none of them asks for a token, knows a rule, encrypts or keeps an audit. *Linkway
without events* does all of that and tells nobody. Processor time and bytes are of all processes
together, for everything that a referral sets off, its message to the person included; no turn
begins before all of the one before is done.

"""
SPENT = """\
## Where the time goes

Milliseconds of processor time for one referral, by process, while they are accepted as fast as it
goes; consumers that fall behind then go on afterwards.

"""
TRIED = """
What was tried, and what became of it:

- Many callers share a journalled write, the audit's too. Kept: alone, each request would wait for
  writes of its own.
- Records read from Kafka are applied in batches, one read and one write for all. Kept.
- Persons are found together with whoever else asks by the same field; a new person is not read
  back; one keyed digest serves several marks; whom a message may reach is asked for several persons
  at once. Kept: 12.8 database commands a referral became 6.2, and 16 ms of processor time 8.
- Few records of a topic wait 30 ms for company, messages to organisations a quarter of a second and
  those to persons half a second; what a document tells is published together
  ([decision 62](decisions.md)). Kept: a referral among 20 a second took 39 database commands with
  its messages, and took 30. A command that comes alone costs about 2 ms of processor time, client
  and server together, and 0.7 to 1.1 among 1,000 a second: that is why one referral costs several
  times one among many (below). Records waiting 100 ms: not done. At 20 a second it saved 5 commands
  and 17 of 73 ms, and half the referrals were applied everywhere 70 ms later. 60 ms: at 27 a second
  it saved 2 to 6 of 61 ms, and half were applied everywhere 55 ms later.
- A question to Kafka is answered after 50 ms at the latest, not 100. Kept: a partition whose
  records are being taken is not asked for meanwhile; at 26 a second the p99 of applied everywhere
  went from 290 to 247 ms.
- Reports count at most every two seconds, and do not add up a new case to see that it waits to be
  counted. Kept: up to four writes less for a referral that comes alone.
- Threads of the database's driver get their turn after half a millisecond, not five. Kept: with
  five, half the answers at 52 and at 104 referrals a second came within 150 and 259 ms.
- PyMongo's own asyncio driver in place of motor. Not done: an insert and a read took 0.7 to 1.2 of
  motor's processor time, by how many were under way at once.
- Services collect garbage less often. Kept: a tenth of the processor time.
- A change's line of the audit is acknowledged together with the change. Not done: after a failover
  the chain could have a gap, unless the primary's term is watched.
- What is read waits for its line to be on the machine's own disk, not in the database. Kept: it
  takes a tenth at most ([decision 61](decisions.md)).
- Latency has servers of its own (below). On those that had just taken the load above, the p99 of
  applied everywhere at 26 a second was 326 ms, on fresh ones 203 to 211. Half of the most is no
  fixed rate: since messages to persons cost less in a burst the most is 53 to 65 a second, where it
  was 49 to 53, and at 33 a second nine tenths of both cores are busy.
- Reconciling compares records as it reads them, and holds of each its id, type and hour. Kept
  ([decision 64](decisions.md)): while it held the records of its last five minutes, services grew
  from 120 to 150 MB to 230 to 460 MB at its turns (now: below).
- The facts of a new case are one write in reports, hearing a record costs less beside its effect,
  and counting takes a tenth of the time, not a quarter, while facts flood in
  ([decision 63](decisions.md)). Kept: outcomes work off a backlog at half of what is possible
  without a domain, where they had 0.30 of it.
- Messages to persons are claimed, asked about and written down a hundred at a time, not 32 and
  sixteen. Kept: a burst of referrals took 15.4 to 16.9 ms of processor time each, messages
  included, and takes 10.3 to 11.2.
- Text messages are put off by night, so a bench by night flattered (7.7 to 8.1 ms for the same):
  the people of the bench may be texted at any hour.
- A data key is made while the audit is told of the new person. Not done: it saves waiting, no
  processor time, and it is processor time that is short.

"""
LATENCY = """\
## Until it is applied

Referrals sent when they are due, at shares of the most that can go on: so many a second as were
accepted, applied everywhere and told about, each by a signed webhook to the team and a message to
the person, which ends for want of a carrier once it is known how the person may be reached. Faster
than that, messages would only queue. Three rounds of each, taken together. Processor time of one,
over all processes and with what they take at rest; then milliseconds, p50 / p99: from due to
answered, and from answered to applied in each service and in all of them. It is read from log lines
for debugging, which cost time of their own.

"""
CONSUMING = """\
## Working off a backlog

{records} records on `referral-events`, worked off by one service at a time, beside a consumer that
writes each batch with one `bulk_write` and knows no rule. A service whose consumers are several
groups reads the records once for each.

"""
GROWTH = """\
## With a million of each

A new person's referral with so many referrals, persons and plans there already; the best of three
turns at each size. Memory is that of processes that have served twice as many requests as well.

"""
MEMORY = """\
Resident memory of each service meanwhile: the median of looks every ten seconds, in each quarter
of the time.

"""
