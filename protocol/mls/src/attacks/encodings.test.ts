import { encode } from "@qpc/wire"
import { playAttacks } from "../testing/attack.ts"
import { publicIn } from "../testing/insider.ts"
import type { Party } from "../testing/party.ts"

const NO_DATA = new Uint8Array(0)

/** A public commit of alice that everybody would follow. */
const honestCommit = (party: Party): Uint8Array => party.stage("alice", { wireFormat: "public" }).commit

/** The bytes of an honest public commit, cut where its content begins: after version, wire format, group id and epoch. */
function reencoded(party: Party, change: (bytes: Uint8Array, bodyAt: number) => Uint8Array): Uint8Array {
  const commit = honestCommit(party)
  const { content } = publicIn(commit)
  const { groupId, authenticatedData, bodyEncoded } = content
  const bodyAt = 4 + (1 + groupId.length) + 8 + 5 + (1 + authenticatedData.length) + 1
  if (commit[bodyAt] !== bodyEncoded[0]) throw new Error("the layout is another")
  return change(commit, bodyAt)
}

playAttacks("another encoding", [
  { title: "nothing at all", reason: "malformed", make: () => NO_DATA },
  {
    title: "a trailing byte",
    reason: "malformed",
    make: (party) => Uint8Array.of(...party.say("alice", "hello"), 0),
  },
  {
    title: "a missing byte",
    reason: "malformed",
    make: (party) => party.say("alice", "hello").slice(0, -1),
  },
  {
    title: "a length that is longer than it has to be",
    reason: "malformed",
    make: (party) => reencoded(party, (bytes) => Uint8Array.of(...bytes.slice(0, 4), 0x40, ...bytes.slice(4))),
  },
  {
    title: "a length with the reserved prefix",
    reason: "malformed",
    make: (party) => reencoded(party, (bytes) => bytes.with(4, 0xc0)),
  },
  {
    title: "a length beyond the end",
    reason: "malformed",
    make: (party) =>
      reencoded(party, (bytes) => Uint8Array.of(...bytes.slice(0, 4), 0xbf, 0xff, 0xff, 0xff, ...bytes.slice(5))),
  },
  {
    title: "a presence byte of 2",
    reason: "malformed",
    make: (party) => reencoded(party, (bytes, bodyAt) => bytes.with(bodyAt + 1, 2)),
  },
  {
    title: "an unlisted type of content",
    reason: "malformed",
    make: (party) => reencoded(party, (bytes, bodyAt) => bytes.with(bodyAt - 1, 4)),
  },
  {
    title: "an unlisted type of sender",
    reason: "malformed",
    make: (party) => reencoded(party, (bytes) => bytes.with(4 + 17 + 8, 5)),
  },
  {
    title: "another version of the protocol",
    reason: "malformed",
    make: (party) => party.say("alice", "hello").with(1, 2),
  },
  {
    title: "an unlisted wire format",
    reason: "malformed",
    make: (party) => party.say("alice", "hello").with(3, 9),
  },
  {
    title: "a member's public message without its membership tag",
    reason: "malformed",
    make: (party) => reencoded(party, (bytes) => bytes.slice(0, -33)),
  },
  {
    title: "a key package in place of a message",
    reason: "not_a_group_message",
    make: (party) => party.keyPackage("erin").keyPackage,
  },
  {
    title: "a Welcome in place of a message",
    reason: "not_a_group_message",
    make: (party) => party.stage("alice", { adds: [party.keyPackage("erin").keyPackage] }).welcome ?? NO_DATA,
  },
  {
    title: "a proposal of the reserved type 0",
    reason: "malformed",
    make: (party) => {
      const body = encode((writer) => writer.vector(Uint8Array.of(1, 0, 0)).uint8(0))
      return reencoded(party, (bytes, bodyAt) =>
        Uint8Array.of(...bytes.slice(0, bodyAt), ...body, ...bytes.slice(bodyAt + 2)),
      )
    },
  },
])
