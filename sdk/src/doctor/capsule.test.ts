import { toHex, toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { MemoryDisk } from "../memory-store.ts"
import { FakeServer } from "../testing/fake-server.ts"
import { newPerson, openPerson } from "../testing/person.ts"
import { TestClock } from "../testing/test-clock.ts"
import { decodeCapsule, encodeCapsule } from "./capsule-codec.ts"
import { capsuleOf } from "./capsule-of.ts"

const VERSIONS = { program: "0.0.0", schema: 3 }

/** Everything of a profile that says something about people. */
interface Contents {
  readonly people: readonly [string, string, string]
  readonly groups: readonly [string, string]
  readonly texts: readonly [string, string]
}

const MARKED: Contents = {
  people: ["alice-marker-one", "bob-marker-two", "carol-marker-three"],
  groups: ["group-marker-four", "group-marker-five"],
  texts: ["text-marker-six", "text-marker-seven"],
}

/**
 * Two groups that are stuck in different ways, seen from the first person: in one a change and a text wait for the network, in the
 * other the others have gone on.
 */
async function stuckProfile({ people, groups, texts }: Contents) {
  const clock = new TestClock()
  const server = new FakeServer()
  server.nowMs = () => clock.unixMs()
  const alice = await newPerson(server, clock, people[0])
  const bob = await newPerson(server, clock, people[1])
  const carol = await newPerson(server, clock, people[2])
  const first = await clock.during(alice.client.createGroup(groups[0]))
  const second = await clock.during(alice.client.createGroup(groups[1]))
  await clock.during(first.invite(people[1]).then(({ id }) => first.waitAccepted(id)))
  await clock.during(second.invite(people[2]).then(({ id }) => second.waitAccepted(id)))
  await clock.during(second.setRole(people[2], "admin").then(({ id }) => second.waitAccepted(id)))
  await clock.during(first.send(texts[0]))
  for (const { client } of [alice, bob, carol]) await clock.during(client.sync())
  await clock.during(alice.client.sync().then(() => alice.client.close()))
  const theirs = carol.client.conversation(groups[1])
  await clock.during(theirs.rename(`${groups[1]}!`).then(({ id }) => theirs.waitAccepted(id)))
  const again = await openPerson(server, clock, alice.disk)
  const mine = again.client.conversation(groups[0])
  await clock.during(mine.rename(`${groups[0]}?`).then(() => mine.send(texts[1])))
  const offline = await clock.during(again.client.diagnose())
  const capsule = capsuleOf(offline, VERSIONS)
  const secrets = [...server.channels.keys()].map((id) => Uint8Array.from(Buffer.from(id, "hex")))
  return { capsule, text: encodeCapsule(capsule), disk: alice.disk, secrets }
}

const WINDOW_BYTES = 8

/** Every encoding of 8 bytes in a row, of everything that is on a disk, in which they could stand in a text. */
function* encodingsOf(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at + WINDOW_BYTES <= bytes.length; at++) {
    const window = bytes.subarray(at, at + WINDOW_BYTES)
    // What is all zeros says nothing, and cannot be told from padding.
    if (new Set(window).size < 4) continue
    yield toHex(window)
    yield toHex(window).toUpperCase()
    yield Buffer.from(window).toString("base64").slice(0, 10)
    yield Buffer.from(window).toString("base64url").slice(0, 10)
    if (at === 0) yield Array.from(window).join(",")
  }
}

function* rowsOf(disk: MemoryDisk): Generator<Uint8Array> {
  for (const rows of disk.collections.values()) {
    for (const [key, value] of rows) {
      yield Uint8Array.from(Buffer.from(key, "hex"))
      yield value
    }
  }
}

/** Digits enough to be a time of today in milliseconds or seconds. */
const TIME = /\d{10,}/

describe("a capsule", () => {
  it("holds nothing of what is on the disk: no name, text, key, id or time, in whatever encoding", async () => {
    const { text, disk, secrets } = await stuckProfile(MARKED)
    expect(text).not.toContain("marker")
    for (const word of [...MARKED.people, ...MARKED.groups, ...MARKED.texts]) {
      for (const encoding of encodingsOf(toUtf8(word))) expect(text).not.toContain(encoding)
    }
    for (const bytes of [...rowsOf(disk), ...secrets]) {
      for (const encoding of encodingsOf(bytes)) if (text.includes(encoding)) expect.fail(encoding)
    }
    expect(text).not.toMatch(TIME)
  })

  it("says what is stuck, and how", async () => {
    const { capsule } = await stuckProfile(MARKED)
    expect(capsule.groups.map(({ findings }) => findings.map(({ state }) => state))).toEqual([
      ["behind"],
      ["pending_commit_sending", "outbox_waiting"],
    ])
    expect(capsule.groups[1]).toMatchObject({
      group: 2,
      persons: 2,
      pending: { stage: "sending", intents: [{ kind: "rename", attempts: 1 }] },
      outbox: { unsent: 2, held: 0 },
    })
  })

  it("is the same for two profiles that stand alike, whatever is in them", async () => {
    const word = fc.stringMatching(/^[a-z]{3,20}$/)
    const distinct = fc.uniqueArray(word, { minLength: 7, maxLength: 7 })
    const contents = distinct.map(([a, b, c, d, e, f, g]): Contents => {
      return { people: [a!, b!, c!], groups: [d!, e!], texts: [f!, g!.repeat(9)] }
    })
    const { text: standard } = await stuckProfile(MARKED)
    await fc.assert(
      fc.asyncProperty(contents, async (other) => {
        const { text } = await stuckProfile(other)
        expect(text).toBe(standard)
      }),
      { numRuns: 8, endOnFailure: true },
    )
  })

  it("reads back what was written", async () => {
    const { capsule, text } = await stuckProfile(MARKED)
    expect(encodeCapsule(decodeCapsule(text))).toBe(text)
    expect(decodeCapsule(text)).toEqual(JSON.parse(JSON.stringify(capsule)))
  })
})
