#!/bin/bash
# A replica set with users needs a key that its members share; this set has one member, so
# any key will do, as long as it is the same after a restart.
set -euo pipefail
key=/data/db/replica.key
if [ ! -s "$key" ]; then
    (umask 177 && head -c 512 /dev/urandom | base64 -w 0 > "$key")
fi
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile "$key" --bind_ip_all
