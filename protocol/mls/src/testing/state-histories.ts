import type { CipherSuite } from "@qpc/crypto"
import { toHex, toUtf8 } from "@qpc/wire"
import type { Group } from "../group.ts"
import type { GroupPolicy } from "../policy.ts"
import { Party } from "./party.ts"

const NO_DATA = new Uint8Array(0)

/** A member's state as it was stored once, and what has to be true of it forever. All bytes in hexadecimal. */
export interface StoredState {
  readonly name: string
  readonly state: string
  readonly signatureKeys: { readonly publicKey: string; readonly privateKey: string }
  readonly policy?: Partial<GroupPolicy>
  /** The newest record of reserved generations, where the member reserves. */
  readonly reservation?: string
  readonly epoch: string
  readonly members: number
  /** Absent for a member who was removed. */
  readonly epochAuthenticator?: string
  /** Messages that this state has to take, in this order, and what comes of each (`outcomeOf`). */
  readonly messages: readonly { readonly message: string; readonly outcome: string }[]
}

/** One state of every kind that a member can be in. */
export function stateHistories(suite: CipherSuite): StoredState[] {
  const histories = { fresh, joined, late, committing, proposals, psks, reserved, replaced, removed }
  return Object.entries(histories).map(([name, history]) => history(name, suite))
}

function partyOf(name: string, suite: CipherSuite, names: readonly string[], policy?: Partial<GroupPolicy>): Party {
  const party = new Party(`state ${name}`, policy === undefined ? {} : { policy }, suite)
  const [creator = "alice", ...others] = names
  party.create(creator)
  if (others.length > 0) party.add(creator, others)
  return party
}

interface Snapshot {
  readonly name: string
  readonly who: string
  readonly messages?: readonly (readonly [message: Uint8Array, outcome: string])[]
  readonly policy?: Partial<GroupPolicy>
  readonly reservation?: Uint8Array
}

/** Call it before `messages` are given to the member. */
function snapshot(party: Party, { name, who, messages = [], policy, reservation }: Snapshot): StoredState {
  const group = party.group(who)
  const { publicKey, privateKey } = party.keysOf(who)
  return {
    name,
    state: toHex(group.toBytes()),
    signatureKeys: { publicKey: toHex(publicKey), privateKey: toHex(privateKey) },
    ...(policy && { policy }),
    ...(reservation && { reservation: toHex(reservation) }),
    epoch: String(group.epoch),
    members: group.members().length,
    ...(group.phase !== "removed" && { epochAuthenticator: toHex(group.epochAuthenticator()) }),
    messages: messages.map(([message, outcome]) => ({ message: toHex(message), outcome })),
  }
}

function fresh(name: string, suite: CipherSuite): StoredState {
  return snapshot(partyOf(name, suite, ["alice"]), { name, who: "alice" })
}

function joined(name: string, suite: CipherSuite): StoredState {
  const party = partyOf(name, suite, ["alice", "bob", "carol"])
  party.add("carol", ["dave", "erin"])
  return snapshot(party, { name, who: "bob", messages: [[party.say("erin", "hello bob"), "hello bob"]] })
}

/** Keys of two past epochs, keys that were skipped in the current one; somebody left, and another has the leaf. */
function late(name: string, suite: CipherSuite): StoredState {
  const party = partyOf(name, suite, ["alice", "bob", "carol"])
  const first = [party.say("bob", "b0"), party.say("bob", "b1"), party.say("carol", "c0")] as const
  party.hear("alice", first[1])
  party.commit("alice", { removes: [2] })
  const second = [party.say("bob", "b2"), party.say("bob", "b3")] as const
  party.hear("alice", second[1])
  party.add("bob", ["dave"])
  const third = [party.say("dave", "d0"), party.say("dave", "d1"), party.say("dave", "d2")] as const
  party.hear("alice", third[2])
  party.say("alice", "nobody hears it")
  const messages = [first[0], first[2], second[0], third[1], third[0], party.say("dave", "d3")]
  const outcomes = ["b0", "c0", "b2", "d1", "d0", "d3"]
  const again = [first[1], "key_consumed"] as const
  return snapshot(party, {
    name,
    who: "alice",
    messages: [...messages.map((message, at) => [message, outcomes[at]!] as const), again],
  })
}

/** An own commit on its way, with newcomers, a removal and a proposal of another; it comes back. */
function committing(name: string, suite: CipherSuite): StoredState {
  const policy = { proposals: true }
  const party = partyOf(name, suite, ["alice", "bob", "carol"], policy)
  party.hear("alice", proposeUpdate(party, "bob"))
  const adds = [party.keyPackage("dave").keyPackage, party.keyPackage("erin").keyPackage]
  const { commit } = party.stage("alice", { adds, removes: [2] })
  return snapshot(party, { name, who: "alice", policy, messages: [[commit, "own_commit"]] })
}

/** Own and others' proposals, which another member commits. */
function proposals(name: string, suite: CipherSuite): StoredState {
  const policy = { proposals: true }
  const party = partyOf(name, suite, ["alice", "bob", "carol"], policy)
  const sent = [proposeUpdate(party, "alice"), proposeUpdate(party, "carol")] as const
  party.hear("bob", sent[0])
  for (const who of ["alice", "bob"]) party.hear(who, sent[1])
  const { commit } = party.stage("bob", { adds: [party.keyPackage("dave").keyPackage] })
  return snapshot(party, { name, who: "alice", policy, messages: [[commit, "commit"]] })
}

function proposeUpdate(party: Party, who: string): Uint8Array {
  const { random } = party
  const proposed = party
    .group(who)
    .propose({ kind: "update" }, { authenticatedData: NO_DATA, random, nowMs: party.nowMs })
  if (proposed.kind === "refused") throw new Error(proposed.reason)
  return proposed.message
}

/** PSKs of past epochs, one of which a commit injects. */
function psks(name: string, suite: CipherSuite): StoredState {
  const party = partyOf(name, suite, ["alice", "bob"])
  for (const who of ["alice", "bob", "alice"]) party.commit(who)
  const psk = { kind: "resumption", groupId: party.groupId, epoch: 2n } as const
  const { commit } = party.stage("bob", { psks: [psk] })
  return snapshot(party, { name, who: "alice", messages: [[commit, "commit"]] })
}

function reserved(name: string, suite: CipherSuite): StoredState {
  const policy = { requireReservations: true }
  const party = partyOf(name, suite, ["alice", "bob"])
  const reservation = party.group("alice").reserve({ application: 5, handshake: 2 })
  party.say("alice", "the first of five")
  const messages = [[party.say("bob", "hello alice"), "hello alice"]] as const
  return snapshot(party, { name, who: "alice", policy, reservation, messages })
}

/** Ended by a ReInit. */
function replaced(name: string, suite: CipherSuite): StoredState {
  const party = partyOf(name, suite, ["alice", "bob"])
  const before = party.say("bob", "before the end")
  party.commit("alice", { reinit: { groupId: toUtf8("next"), version: 1, cipherSuite: suite.id, extensions: [] } })
  return snapshot(party, { name, who: "alice", messages: [[before, "before the end"]] })
}

function removed(name: string, suite: CipherSuite): StoredState {
  const party = partyOf(name, suite, ["alice", "bob", "carol"])
  const carol: Group = party.group("carol")
  const { commit } = party.stage("alice", { removes: [2] })
  const received = carol.receive(commit, party.nowMs)
  if (received.kind !== "commit") throw new Error(received.kind)
  carol.merge(received.staged)
  return snapshot(party, { name, who: "carol", messages: [[party.say("bob", "hello"), "group_inactive"]] })
}
