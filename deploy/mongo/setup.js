// Once per start, by mongosh as root: the replica set, and for each service one user who
// may read and write that service's own database and no other. Running it again is harmless.
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
}
while (!db.hello().isWritablePrimary) sleep(200);

const password = process.env.LINKWAY_SERVICE_PASSWORD;
for (const service of ["referral", "directory", "outcomes", "notifications"]) {
  const own = db.getSiblingDB(service);
  const roles = [{ role: "readWrite", db: service }];
  if (own.getUser(service)) own.updateUser(service, { pwd: password, roles });
  else own.createUser({ user: service, pwd: password, roles });
}
print("ready: one database and one user for each service");
