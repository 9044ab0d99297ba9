import { GtpClient, PayloadCodec, StreamType } from "gbp-stack"
import type { NodeEvent } from "gbp-stack"
import { Room } from "./room.ts"
import type { Person } from "./room.ts"

/** Three people talk. Prints what each of them reads. */
function main(print: (line: string) => void): void {
  const inboxes = new Map<Person, GtpClient>()
  using room = new Room((person, event) => {
    if (event.kind === "payload_received" && event.streamType === StreamType.Text) read(person, event)
    if (event.kind === "error") print(`${person.name} drops a frame: ${event.reason}`)
    if (event.kind === "epoch_advanced") print(`${person.name} is in epoch ${event.epoch}`)
  })

  const read = (person: Person, { plaintext, sender }: NodeEvent): void => {
    const inbox = inboxes.get(person)
    if (inbox === undefined || plaintext === undefined) return
    const { status, text, reason } = inbox.accept(plaintext, person.mls.epoch)
    print(`${person.name} reads from ${sender}: ${status === "error" ? reason : `${text} (${status})`}`)
  }
  const join = (person: Person): GtpClient => {
    const inbox = GtpClient.create()
    inboxes.set(person, inbox)
    return inbox
  }

  const alice = room.create("alice", 1)
  const aliceChat = join(alice)
  const bob = room.invite(alice, "bob", 2)
  const bobChat = join(bob)
  room.carry(alice, aliceChat.send(alice.node, alice.mls, 0, 1n, "hello Bob"))
  room.carry(bob, bobChat.send(bob.node, bob.mls, 0, 1n, "hello Alice", PayloadCodec.Protobuf))

  const carol = room.invite(alice, "carol", 3)
  const carolChat = join(carol)
  const frame = carolChat.send(carol.node, carol.mls, 0, 1n, "hello both", PayloadCodec.FlatBuffers)
  room.carry(carol, frame)
  print("the network repeats a frame")
  room.carry(carol, frame)
  print("Carol does not know whether it arrived, and sends the message again")
  room.carry(carol, carolChat.send(carol.node, carol.mls, 0, 1n, "hello both"))
}

main((line) => process.stdout.write(`${line}\n`))
