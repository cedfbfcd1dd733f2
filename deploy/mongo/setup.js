// At each start, by mongosh: the replica set, and for each service one user who may read
// and write that service's own database and no other. Running it again is harmless.
const services = ["referral", "directory", "outcomes", "notifications"];

db.getSiblingDB("admin").auth("root", process.env.LINKWAY_ROOT_PASSWORD);
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
}
while (!db.hello().isWritablePrimary) sleep(200);

for (const service of services) {
  const own = db.getSiblingDB(service);
  const user = {
    pwd: process.env[`LINKWAY_${service.toUpperCase()}_PASSWORD`],
    roles: [{ role: "readWrite", db: service }],
  };
  if (own.getUser(service)) own.updateUser(service, user);
  else own.createUser({ user: service, ...user });
}
print("ready: one database and one user for each service");
