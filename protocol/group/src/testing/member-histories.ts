import type { CipherSuite } from "@qpc/crypto"
import { toHex } from "@qpc/wire"
import type { Device } from "./device.ts"
import { nth } from "./nth.ts"
import { envelopeOf, World } from "./world.ts"

/** A member as it was stored once, and what has to be true of it forever. All bytes in hexadecimal. */
export interface StoredMember {
  readonly name: string
  readonly state: string
  readonly identity: { readonly publicKey: string; readonly privateKey: string }
  readonly epoch: string
  readonly members: number
  readonly isActive: boolean
  readonly openIntents: number
  /** Envelopes that this member has to take, in this order, and the kinds of the events that come of each. */
  readonly envelopes: readonly { readonly envelope: string; readonly events: readonly string[] }[]
}

/** One member of every kind that there can be. @param next - the cipher suite that some groups change to */
export function memberHistories(suite: CipherSuite, next: CipherSuite): StoredMember[] {
  const people = { alone, talking, wanting, waiting, removed, linked, leaving, holding }
  const histories = { ...people, changed, changing, missing, helping }
  return Object.entries(histories).map(([name, history], at) => history(name, new World(suite, at + 1), next))
}

function snapshot(
  name: string,
  { member, keys }: Device,
  envelopes: readonly (readonly [envelope: Uint8Array, ...events: readonly string[]])[],
): StoredMember {
  return {
    name,
    state: toHex(member.toBytes()),
    identity: { publicKey: toHex(keys.publicKey), privateKey: toHex(keys.privateKey) },
    epoch: String(member.epoch),
    members: member.members().length,
    isActive: member.isActive,
    openIntents: member.openIntentCount,
    envelopes: envelopes.map(([envelope, ...events]) => ({ envelope: toHex(envelope), events })),
  }
}

function alone(name: string, world: World): StoredMember {
  return snapshot(name, world.group(1)[0], [])
}

/** Texts sent and received, with gaps, in two epochs; somebody left. */
function talking(name: string, world: World): StoredMember {
  const [alice, bob, carol] = world.group(3)
  const early = [bob, carol, bob].map((device, at) => envelopeOf(device.text(`early ${at}`)))
  alice.receive(early[2]!)
  bob.send({ kind: "remove", members: [carol.self] })
  bob.outbox = bob.outbox.slice(-1)
  carol.outbox = []
  world.settle()
  alice.text("hello")
  const later = [0, 1].map((at) => envelopeOf(bob.text(`later ${at}`)))
  alice.receive(later[1]!)
  return snapshot(name, alice, [
    [early[0]!, "text"],
    [early[1]!, "text"],
    [later[0]!, "text"],
    [later[1]!, "dropped"],
    [early[2]!, "dropped"],
  ])
}

/** An invitation on its way and two more intents in line; the invitation comes back. */
function wanting(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(2)
  alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
  alice.send({ kind: "update_keys" })
  alice.send({ kind: "remove", members: [bob.self] })
  const echo = alice.outbox[0]!.deliveries[0]!.envelope
  return snapshot(name, alice, [[echo, "members_changed", "epoch_changed", "intent_done"]])
}

/** A text that came before the commit to its epoch. */
function waiting(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(2)
  alice.send({ kind: "update_keys" })
  alice.flush(world.service)
  alice.receiveNext(world.service)
  bob.receive(envelopeOf(alice.text("early")))
  const commit = world.service.take(bob.inboxKey)!
  return snapshot(name, bob, [[commit, "epoch_changed", "text"]])
}

/** Asked to leave, and was not heard in the first epoch; the commit that lets them go comes. */
function leaving(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(3)
  alice.send({ kind: "update_keys" })
  bob.send({ kind: "leave" })
  alice.flush(world.service)
  bob.flush(world.service)
  world.settle()
  const commit = envelopeOf(alice.send({ kind: "update_keys" }))
  return snapshot(name, bob, [[commit, "intent_done", "left_group"]])
}

/** Two texts that wait for the commit of somebody who asked to leave. */
function holding(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(3)
  alice.receive(envelopeOf(bob.send({ kind: "leave" })))
  const [first] = ["one", "two"].map((text) => alice.text(text))
  return snapshot(name, alice, [[envelopeOf(first!), "members_changed", "epoch_changed", "text_sealed", "text_sealed"]])
}

/** A text that never came was told to be missing, and its author is asked for it. */
function missing(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(2)
  bob.text("lost")
  alice.receive(envelopeOf(bob.text("read")))
  world.clock.nowMs += 60_000
  const [answer] = bob.receive(envelopeOf(alice.tick())).outgoing
  return snapshot(name, alice, [[nth(answer!.deliveries).envelope, "gap_closed", "text"]])
}

/** Has sent somebody a text again, keeps texts for others, and asks for one that never came; is asked for another. */
function helping(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(2)
  const missBobs = (): Uint8Array => {
    bob.text("lost")
    alice.receive(envelopeOf(bob.text("read")))
    world.clock.nowMs += 60_000
    return envelopeOf(alice.tick())
  }
  alice.receive(envelopeOf(bob.receive(missBobs())))
  alice.text("lost, too")
  bob.receive(envelopeOf(alice.text("read, too")))
  const ask = missBobs()
  const [answer] = alice.receive(envelopeOf(bob.tick())).outgoing
  return snapshot(name, bob, [[ask], [nth(answer!.deliveries).envelope, "gap_closed", "text"]])
}

function removed(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(2)
  alice.send({ kind: "remove", members: [bob.self] })
  world.settle()
  return snapshot(name, bob, [])
}

/** The second device of a person, who has removed a third that wrote before, and adds a fourth. */
function linked(name: string, world: World): StoredMember {
  const [alice, bob] = world.group(2)
  const [second, third, fourth] = [0, 1, 2].map(() => world.secondDevice(bob)) as [Device, Device, Device]
  bob.send({ kind: "add_devices", keyPackages: [second.keyPackage(), third.keyPackage()] })
  world.settle()
  const late = envelopeOf(third.text("late"))
  third.outbox = []
  second.send({ kind: "remove_devices", devices: [third.inboxKey] })
  world.settle()
  second.send({ kind: "add_devices", keyPackages: [fourth.keyPackage()] })
  const echo = nth(nth(second.outbox).deliveries).envelope
  return snapshot(name, second, [
    [late, "text"],
    [envelopeOf(alice.text("hello")), "text"],
    [echo, "devices_changed", "epoch_changed", "intent_done"],
  ])
}

/** In its second cipher suite, with a text of before to come. */
function changed(name: string, world: World, next: CipherSuite): StoredMember {
  const [alice, bob] = world.group(2, { suites: [next] })
  const early = envelopeOf(bob.text("early"))
  bob.outbox = []
  alice.send({ kind: "change_suite", suiteId: next.id, keyPackages: [bob.keyPackage(DAY_MS, next)] })
  world.settle()
  return snapshot(name, alice, [
    [early, "text"],
    [envelopeOf(bob.text("later")), "text"],
    [early, "dropped"],
  ])
}

/** About to change its cipher suite; the commit comes back. */
function changing(name: string, world: World, next: CipherSuite): StoredMember {
  const [alice, bob] = world.group(2, { suites: [next] })
  alice.send({ kind: "change_suite", suiteId: next.id, keyPackages: [bob.keyPackage(DAY_MS, next)] })
  const echo = nth(nth(alice.outbox).deliveries).envelope
  return snapshot(name, alice, [[echo, "suite_changed", "epoch_changed", "intent_done"]])
}

const DAY_MS = 86_400_000
