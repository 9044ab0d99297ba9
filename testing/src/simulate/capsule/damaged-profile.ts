import { findDamage, keepsShut, MemoryStore } from "@qpc/sdk"
import type { Capsule, CapsuleFinding, Collection, Diagnosis, Finding } from "@qpc/sdk"
import { concatBytes, toUtf8 } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { PERFECT_DISK } from "../plan.ts"
import type { History } from "./history.ts"
import { ReplayError } from "./replay-world.ts"
import type { ReplayWorld } from "./replay-world.ts"

const NOISE = new Uint8Array([7, 7, 7])

/** Founds and damages as many groups beside the others as the capsule has. They are of nobody else's business. */
export async function damageGroups({ world, me }: History, { findings }: Capsule): Promise<void> {
  const damagedCount = findings.filter(({ state }) => state === "group_damaged").length
  if (damagedCount === 0) return
  const client = await world.during(me.open(), "we open")
  const store = new MemoryStore(me.disk)
  const ids: GroupId[] = []
  for (let at = 0; at < damagedCount; at++) {
    ids.push((await world.during(client.createGroup(`damaged ${at}`), "a group is founded")).id)
  }
  await world.during(me.close(), "we close")
  for (const prefix of ids) {
    const [row] = await store.list("group_records", { prefix, limit: 1 })
    await store.commit([{ kind: "put", collection: "group_records", key: row!.key, value: NOISE }])
  }
}

/** Damages as many messages, and records of how far they got, as the capsule has. @returns what the doctor says of them */
export async function damageMessages({ world, me }: History, { findings }: Capsule): Promise<readonly Finding[]> {
  const collections = findings.flatMap(({ state, facts }) =>
    state === "record_damaged" && facts.collection !== undefined ? [facts.collection] : [],
  )
  const store = new MemoryStore(me.disk)
  for (const [at, collection] of collections.entries()) {
    const key = concatBytes(new Uint8Array(16), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, at + 1))
    await store.commit([{ kind: "put", collection, key, value: NOISE }])
  }
  const found = await findDamage(store, { suite: world.suite, random: world.random })
  return found.findings.filter((one) => one.groupId === undefined && !keepsShut(one))
}

/** Makes a profile that cannot be opened, or not be written, and says what the doctor sees. */
export async function damagedProfile(world: ReplayWorld, capsule: Capsule): Promise<Diagnosis> {
  const me = world.device("me")
  await me.enrol(world.server)
  const client = await world.during(me.open(), "we open")
  await world.during(client.createGroup("group"), "a group is founded")
  await world.during(client.sync({ waitMs: 10_000 }), "we synchronise")
  const [finding] = capsule.findings
  if (finding?.state === "disk_full" || finding?.state === "disk_failing") {
    me.diskFaults = finding.state === "disk_full" ? { ...PERFECT_DISK, isFull: true } : { ...PERFECT_DISK, broken: 1 }
    return world.during(client.diagnose(), "the doctor looks")
  }
  await world.during(client.conversation("group").send("a text"), "a text is written")
  await world.during(me.close(), "we close")
  const store = new MemoryStore(me.disk)
  for (const one of capsule.findings) await damage(store, one)
  return findDamage(store, { suite: world.suite, random: world.random })
}

async function damage(store: MemoryStore, { state, facts }: CapsuleFinding): Promise<void> {
  const collection = collectionOf(state, facts.collection)
  const name = state === "identity_damaged" ? "identity" : facts.record
  const rows = await store.list(collection, { limit: 1 })
  const key = name === undefined ? rows[0]?.key : toUtf8(name)
  if (key === undefined) throw new ReplayError(`there is nothing among the ${collection} that could be damaged`)
  await store.commit([{ kind: "put", collection, key, value: NOISE }])
}

function collectionOf(state: string, collection: Collection | undefined): Collection {
  if (state === "group_damaged") return "group_records"
  return state === "identity_damaged" ? "settings" : (collection ?? "settings")
}
