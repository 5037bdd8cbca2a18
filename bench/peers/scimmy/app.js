// A SCIM service of scimmy-routers with a store in memory, filled from a file.
import { readFileSync } from "node:fs";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const { PORT, BENCH_TOKEN, BENCH_STORE } = process.env;
const filled = JSON.parse(readFileSync(BENCH_STORE, "utf8"));
const byId = (rows) => new Map(rows.map((row) => [row.id, row]));
const stores = { users: byId(filled.users), groups: byId(filled.groups) };
const names = new Map(filled.users.map((row) => [row.userName.toLowerCase(), row.id]));
let last = 1_000_000_000;

function handlers(store, accept = () => {}, forget = () => {}) {
  return {
    ingress(resource, data) {
      const old = resource.id ? store.get(resource.id) : undefined;
      if (resource.id && !old) throw new SCIMMY.Types.Error(404, null, `No ${resource.id}`);
      const now = new Date().toISOString();
      const row = { ...JSON.parse(JSON.stringify(data)), id: old?.id ?? String(++last) };
      row.meta = { created: old?.meta?.created ?? now, lastModified: now };
      accept(row, old);
      store.set(row.id, row);
      return row;
    },
    egress(resource) {
      const all = () => [...store.values()];
      if (!resource.id) return resource.filter ? resource.filter.match(all()) : all();
      if (!store.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `No ${resource.id}`);
      return store.get(resource.id);
    },
    degress(resource) {
      if (!store.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `No ${resource.id}`);
      forget(store.get(resource.id));
      store.delete(resource.id);
    },
  };
}

function takeName(row, old) {
  const name = row.userName.toLowerCase();
  const owner = names.get(name);
  if (owner && owner !== row.id) throw new SCIMMY.Types.Error(409, "uniqueness", "Taken");
  if (old) names.delete(old.userName.toLowerCase());
  names.set(name, row.id);
}
const freeName = (row) => names.delete(row.userName.toLowerCase());

const { User, Group } = SCIMMY.Resources;
User.extend(SCIMMY.Schemas.EnterpriseUser);
SCIMMY.Resources.declare(User, handlers(stores.users, takeName, freeName));
SCIMMY.Resources.declare(Group, handlers(stores.groups));

const app = express();
app.set("etag", false);
app.use(
  "/scim",
  new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
      if (request.header("Authorization") !== `Bearer ${BENCH_TOKEN}`) throw new Error("Who?");
      return "bench";
    },
  }),
);
app.listen(Number(PORT), "127.0.0.1");
