import { GspClient, Permissions, RoleRegistry, SignalType, StreamType } from "gbp-stack"
import type { NodeEvent } from "gbp-stack"
import { Room } from "./room.ts"
import type { Person } from "./room.ts"

const MODERATOR = 1
const LISTENER = 0
const TALK = Permissions.SendText | Permissions.SendAudio | Permissions.SendSignal

/** What the group has agreed on: who moderates. Everybody has the same. */
function rolesOf(moderatorId: number): RoleRegistry {
  const roles = new RoleRegistry()
  roles.defineRole(LISTENER, "listener", TALK)
  roles.defineRole(MODERATOR, "moderator", TALK | Permissions.MuteOthers)
  roles.assign(moderatorId, MODERATOR)
  for (const memberId of [1, 2, 3]) if (memberId !== moderatorId) roles.assign(memberId, LISTENER)
  return roles
}

/** A moderator mutes somebody, and somebody who is none tries to. Prints what each sees. */
function main(print: (line: string) => void): void {
  const clients = new Map<Person, GspClient>()
  using room = new Room((person, event) => {
    if (event.kind === "payload_received" && event.streamType === StreamType.Signal) see(person, event)
  })

  const see = (person: Person, { plaintext, sender }: NodeEvent): void => {
    const client = clients.get(person)
    if (client === undefined || plaintext === undefined) return
    const { status, signal, reason, content } = client.accept(plaintext, person.mls.epoch)
    const about = content !== undefined && "target" in content ? ` of ${content.target}` : ""
    const outcome = status === "error" ? `refused, ${reason}` : status
    print(`${person.name} sees ${signal}${about} from ${sender}: ${outcome}; 3 is muted: ${client.isMuted(3)}`)
  }
  const join = (person: Person): GspClient => {
    const client = GspClient.create({ roles: rolesOf(1) })
    clients.set(person, client)
    return client
  }

  const alice = room.create("alice", 1)
  const bob = room.invite(alice, "bob", 2)
  const carol = room.invite(alice, "carol", 3)
  const [aliceSignals, bobSignals] = [alice, bob, carol].map(join) as [GspClient, GspClient, GspClient]
  const args = mapOf(carol.memberId)

  print("Bob says to be a moderator, and mutes Carol")
  room.carry(bob, bobSignals.sendWithArgs(bob.node, bob.mls, 0, SignalType.Mute, MODERATOR, 1, args))
  print("Alice is one, and mutes Carol")
  room.carry(alice, aliceSignals.sendWithArgs(alice.node, alice.mls, 0, SignalType.Mute, MODERATOR, 1, args))
  print("Bob takes part")
  room.carry(bob, bobSignals.send(bob.node, bob.mls, 0, SignalType.Join, LISTENER, 2))
}

/** The CBOR map `{0: target}` for a target below 24 (RFC 8949 §3). */
function mapOf(target: number): Uint8Array {
  return Uint8Array.of(0xa1, 0x00, target)
}

main((line) => process.stdout.write(`${line}\n`))
