// At each start, by mongosh: the replica set, and for each service the one user that users.json
// gives it, who may read and write that service's own database, read and add to its audit, and see
// no other. Running it again is harmless.
const users = JSON.parse(require("fs").readFileSync("/deploy/users.json", "utf8"));

const actions = JSON.parse(require("fs").readFileSync("/deploy/roles.json", "utf8"));

db.getSiblingDB("admin").auth("root", process.env.LINKWAY_ROOT_PASSWORD);
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
}
while (!db.hello().isWritablePrimary) sleep(200);

for (const [service, roles] of Object.entries(users)) {
  for (const { role, db: name } of roles.filter((each) => each.role in actions)) {
    const database = db.getSiblingDB(name);
    const privileges = [{ resource: { db: name, collection: "" }, actions: actions[role] }];
    if (database.getRole(role)) database.updateRole(role, { privileges, roles: [] });
    else database.createRole({ role, privileges, roles: [] });
  }
  const own = db.getSiblingDB(service);
  const user = {
    pwd: process.env[`LINKWAY_${service.toUpperCase()}_PASSWORD`],
    roles,
  };
  if (own.getUser(service)) own.updateUser(service, user);
  else own.createUser({ user: service, ...user });
}
print("ready: one database and one user for each service");
