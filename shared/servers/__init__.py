"""Servers and processes for demonstrations and tests.

Finding (``running_servers``, ``Finder``), in this order:

1. addresses given in the environment: ``LINKWAY_USE_MONGO`` (a URI) and
   ``LINKWAY_USE_KAFKA`` (host:port,…). They are not the services' own ``LINKWAY_MONGO_URI``
   and ``LINKWAY_KAFKA_BOOTSTRAP``, so that a shell set up for a real installation never
   lends it to a test by accident;
2. containers, where a Docker engine answers;
3. programs of this machine: a ``mongod`` from the PATH or from a wheel; Apache Kafka from
   Maven Central, or Tansu.

Running (``Supervisor``): child processes that end with this one, however it ends.

``LINKWAY_CACHE`` moves the folder of downloads and data from ``.linkway`` to another.
"""

from shared.servers.errors import ServerError
from shared.servers.found import Finder, Servers, running_servers
from shared.servers.kafka import KAFKA_VARIABLE, Broker, Kafka, kafka_answers
from shared.servers.keeper import Keeper, ask_kafka, ask_mongo
from shared.servers.maven import KAFKA_VERSION, Say
from shared.servers.mongo import MONGO_VARIABLE, Mongo
from shared.servers.ports import free_port
from shared.servers.processes import Supervisor

__all__ = [
    "KAFKA_VARIABLE",
    "KAFKA_VERSION",
    "MONGO_VARIABLE",
    "Broker",
    "Finder",
    "Kafka",
    "Keeper",
    "Mongo",
    "Say",
    "ServerError",
    "Servers",
    "Supervisor",
    "ask_kafka",
    "ask_mongo",
    "free_port",
    "kafka_answers",
    "running_servers",
]
