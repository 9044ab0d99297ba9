import { concatBytes, DecodeError, equalBytes, toHex } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { Party } from "./testing/party.ts"
import { RecordStore } from "@qpc/wire/conformance"
import { generationOf } from "./testing/sender-data-of.ts"
import { decodeMlsMessage } from "./mls-message.ts"

const NO_DATA = new Uint8Array(0)

/** A group whose members store their records after everything that happens. */
class StoringParty {
  readonly party: Party
  readonly stores = new Map<string, RecordStore>()
  readonly #sent: Uint8Array[] = []
  #newcomers = 0

  constructor(seed: string) {
    this.party = Party.of(seed, ["alice", "bob", "carol", "dave"], { policy: { proposals: true } })
  }

  name(at: number): string {
    const { names } = this.party
    return names[at % names.length]!
  }

  say(by: string): void {
    if (this.party.group(by).pendingProposalCount === 0)
      this.#sent.push(this.party.say(by, `text ${this.#sent.length}`))
  }

  hear(name: string, at: number): void {
    const message = this.#sent[at % Math.max(1, this.#sent.length)]
    if (message !== undefined) this.party.hear(name, message)
  }

  propose(by: string): void {
    const { random, nowMs, names } = this.party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const proposed = this.party.group(by).propose({ kind: "update" }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    for (const name of names) if (name !== by) this.party.hear(name, proposed.message)
  }

  add(by: string): void {
    this.clear(by)
    if (this.party.names.length < 7) this.party.add(by, [`newcomer ${this.#newcomers++}`])
  }

  remove(by: string, at: number): void {
    this.clear(by)
    const victim = this.name(at)
    if (victim === by || this.party.names.length < 3) return
    this.party.commit(by, { removes: [this.party.group(victim).ownLeafIndex] })
    this.stores.delete(victim)
  }

  commit(by: string): void {
    this.clear(by)
    this.party.commit(by)
  }

  stage(by: string): void {
    this.clear(by)
    this.party.stage(by, { adds: [this.party.keyPackage("somebody").keyPackage] })
  }

  clear(name: string): void {
    const group = this.party.group(name)
    if (group.pendingCommit !== undefined) group.clear(group.pendingCommit)
  }

  /** Stores what is owed; the restarted one begins from there. */
  store(fullDisk: string | undefined, restarted: string | undefined): void {
    for (const name of this.party.names) {
      const store = this.stores.get(name) ?? new RecordStore()
      this.stores.set(name, store)
      store.write(this.party.group(name), name === fullDisk && name !== restarted)
      if (name === restarted) this.party.restart(name, store.records())
    }
  }
}

const steps = ["say", "hear", "propose", "add", "remove", "commit", "stage", "clear"] as const
const histories = fc.array(
  fc.record({
    step: fc.constantFrom(...steps, "say", "say", "hear", "hear", "hear"),
    who: fc.nat(6),
    at: fc.nat(40),
    fullDisk: fc.option(fc.nat(6), { freq: 6, nil: undefined }),
    restarted: fc.option(fc.nat(6), { freq: 4, nil: undefined }),
  }),
  { minLength: 15, maxLength: 40, size: "max" },
)

describe("records of a state", () => {
  it("make the same state as the one that goes on, after whatever happened", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, seed) => {
        const storing = new StoringParty(`history ${seed}`)
        const { party, stores } = storing
        storing.store(undefined, undefined)
        for (const { step, who, at, fullDisk, restarted } of history) {
          storing[step](storing.name(who), at)
          const named = (index: number | undefined) => (index === undefined ? undefined : storing.name(index))
          storing.store(named(fullDisk), named(restarted))
          for (const name of party.names) {
            if (name === named(fullDisk) && name !== named(restarted)) continue
            const live = toHex(party.group(name).toBytes())
            const rebuilt = rebuild(party, name, stores.get(name)!.records())
            expect(toHex(rebuilt.toBytes())).toBe(live)
          }
        }
      }),
      { numRuns: 12, seed: 9420 },
    )
  })

  it("are all owed again by a state that was woken from its bytes", () => {
    const party = Party.of("whole", ["alice", "bob"])
    const group = party.restart("alice")
    const { isWhole, changes, stored } = group.takeChanges()
    expect(isWhole).toBe(true)
    expect(rebuild(party, "alice", changes as StateRecord[]).toBytes()).toEqual(group.toBytes())
    stored()
    expect(group.takeChanges()).toMatchObject({ isWhole: false, changes: [] })
  })

  it("do not come out of a group that was disposed of: the store would forget it", () => {
    const group = Party.of("disposed", ["alice"]).group("alice")
    group[Symbol.dispose]()
    expect(() => group.takeChanges()).toThrow(TypeError)
    expect(() => group.toBytes()).toThrow(TypeError)
  })
})

describe("records that are not those of one state at one time", () => {
  const { party, records, older } = busyRecords()
  const wake = (changed: readonly StateRecord[]) => () => rebuild(party, "alice", changed)

  it("wake the group if all are there", () => {
    expect(wake(records)).not.toThrow()
  })

  it.each(records.map(({ key }) => key))("are refused without %s", (key) => {
    expect(wake(records.filter((record) => record.key !== key))).toThrow(DecodeError)
  })

  it.each(records.map(({ key }) => key))("are refused with another, longer or shorter %s", (key) => {
    const changes = [
      (value: Uint8Array) => value.with(value.length - 1, (value.at(-1) ?? 0) ^ 1),
      (value: Uint8Array) => concatBytes(value, Uint8Array.of(0)),
      (value: Uint8Array) => value.slice(0, -1),
    ]
    for (const change of changes) {
      const changed = records.map((record) => (record.key === key ? { key, value: change(record.value) } : record))
      expect(wake(changed)).toThrow(DecodeError)
    }
  })

  it("are refused with any of them as it was before: keys would be used twice", () => {
    const before = older.filter(({ key, value }) => {
      const now = records.find((record) => record.key === key)
      return now !== undefined && !equalBytes(now.value, value)
    })
    expect(before.map(({ key }) => key.split("/")[0])).toContain("ratchet")
    for (const old of before) {
      expect(wake(records.map((record) => (record.key === old.key ? old : record)))).toThrow(DecodeError)
    }
  })

  it("are refused with what was deleted, what nobody knows, and what comes twice", () => {
    const deleted = older.filter(({ key }) => !records.some((record) => record.key === key))
    expect(deleted.length).toBeGreaterThan(0)
    const unknown = ["unknown", "tree/00000001/more", "tree/1", "past/00000001", "secret/0000000000000009/00000000"]
    const more = [...deleted, ...unknown.map((key) => ({ key, value: new Uint8Array(32) })), ...records.slice(0, 3)]
    for (const record of more) expect(wake([...records, record])).toThrow(DecodeError)
  })

  it("are refused if another member of the group wrote some of them", () => {
    const store = new RecordStore()
    store.write(party.group("bob"))
    const bobs = new Map(store.records().map(({ key, value }) => [key, value]))
    for (const start of ["state", "private", "secret", "ratchet"]) {
      const mixed = records.map(({ key, value }) => ({ key, value: (key.startsWith(start) && bobs.get(key)) || value }))
      if (!mixed.every(({ value }, at) => equalBytes(value, records[at]!.value)))
        expect(wake(mixed)).toThrow(DecodeError)
    }
  })
})

describe("the key of a message that was read", () => {
  it.each(["in order", "late, after it was skipped"])("is in no record any more: %s", (when) => {
    const party = Party.of(`consumed ${when}`, ["alice", "bob"])
    const store = new RecordStore()
    const messages = ["one", "two"].map((text) => party.say("bob", text))
    store.write(party.group("alice"))
    if (when !== "in order") party.hear("alice", messages.pop()!)
    const [message] = messages as [Uint8Array]
    store.write(party.group("alice"))
    const key = keyOf(party, message)
    expect(holds(store, key)).toBe(when !== "in order")
    expect(party.hear("alice", message)).toBe("one")
    store.write(party.group("alice"))
    expect(holds(store, key)).toBe(false)
  })

  it("cannot be derived: no secret above it is left", () => {
    const party = Party.of("derived", ["alice", "bob", "carol"])
    const store = new RecordStore()
    store.write(party.group("alice"))
    const root = party.insidesOf("alice").epoch.secretTree.encryptionSecret
    expect(holds(store, root)).toBe(true)
    const first = party.say("bob", "one")
    party.hear("alice", first)
    store.write(party.group("alice"))
    const ratchet = store.records().find(({ key }) => key === "ratchet/0000000000000001/00000001/application")
    expect(holds(store, root)).toBe(false)
    party.hear("alice", party.say("bob", "two"))
    store.write(party.group("alice"))
    expect(holds(store, ratchet!.value.subarray(0, 32))).toBe(false)
  })
})

function rebuild(party: Party, name: string, records: Iterable<StateRecord>): Group {
  const policy = { proposals: true }
  return Group.fromRecords(party.suite, records, { signatureKeys: party.keysOf(name), policy })
}

/** Records of everything that a state can hold, and what they were a message and a commit before. */
function busyRecords(): { readonly party: Party; readonly records: StateRecord[]; readonly older: StateRecord[] } {
  const party = Party.of("busy records", ["alice", "bob", "carol"], { policy: { proposals: true } })
  const store = new RecordStore()
  party.hear("alice", party.say("bob", "past"))
  party.commit("carol")
  const [first, second, third, fourth] = ["one", "two", "three", "four"].map((text) => party.say("bob", text))
  for (const message of [first, third]) party.hear("alice", message!)
  store.write(party.group("alice"))
  const older = store.records()
  for (const message of [second, fourth]) party.hear("alice", message!)
  const { random, nowMs } = party
  party.group("alice").propose({ kind: "update" }, { authenticatedData: NO_DATA, random, nowMs })
  party.stage("alice", { adds: [party.keyPackage("dave").keyPackage], removes: [2] })
  store.write(party.group("alice"))
  return { party, records: store.records(), older }
}

function keyOf(party: Party, message: Uint8Array): Uint8Array {
  const decoded = decodeMlsMessage(message)
  if (decoded.kind !== "private_message") throw new Error(decoded.kind)
  const insides = party.insidesOf("alice")
  const generation = generationOf(insides, decoded.message)
  const candidate = insides.epoch.secretTree.candidate(1, "application", generation, insides.limits)
  if (typeof candidate === "string") throw new Error(candidate)
  return candidate.messageKey.key
}

function holds(store: RecordStore, secret: Uint8Array): boolean {
  return store.records().some(({ value }) => toHex(value).includes(toHex(secret)))
}
