import { methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import type { IdentityKey } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { StorageError } from "../storage/storage-error.ts"
import { MemoryStorage } from "../storage/memory-storage.ts"
import {
  commitBatch,
  envelope,
  identityOf,
  join,
  signedFor,
  testChannel,
  textBatch,
  virtualServer,
} from "../testing/virtual-server.ts"
import type { VirtualServer } from "../testing/virtual-server.ts"
import type { OptionTexts } from "../config/configuration.ts"

interface Person {
  readonly rpc: RpcClient
  readonly key: IdentityKey
  readonly token: Uint8Array
}

/** Alice and Bob in one channel that waits for a claim of epoch 1; both inboxes are empty. */
async function pair(options: OptionTexts = {}) {
  const storage = new MemoryStorage()
  const host = await virtualServer(storage, options)
  const alice = await join(host, "alice", 1)
  const bob = await join(host, "bob", 2)
  await alice.rpc.call(
    methods.batchEnqueue,
    commitBatch({ epoch: 0n, members: [alice.key], after: [alice.key, bob.key] }),
  )
  for (const { rpc } of [alice, bob]) await rpc.call(methods.ack, { seqUpTo: 1n })
  host.clock.advance(1000)
  return { host, storage, alice, bob, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

/** The first bytes of what is pushed, as it comes, until `count` have come. */
async function pushed(rpc: RpcClient, count: number): Promise<readonly (readonly [bigint, number])[]> {
  const seen: (readonly [bigint, number])[] = []
  for await (const push of rpc.pushes) {
    if (push.name !== "envelopePushed" || !push.message.envelope) throw new Error(`unexpected ${push.name}`)
    seen.push([push.message.envelope.seq, push.message.envelope.data.at(-1)!])
    if (seen.length === count) break
  }
  return seen
}

async function reconnect(host: VirtualServer, { token }: Person): Promise<RpcClient> {
  const rpc = await host.connect()
  await rpc.call(methods.resumeSession, { sessionToken: token })
  return rpc
}

describe("enqueueing", () => {
  it("puts messages into the recipient's inbox, in order, until they are acknowledged", async () => {
    await using room = await pair()
    for (const n of [10, 11]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    const { envelopes, more } = await room.bob.rpc.call(methods.peek, {})
    expect(envelopes.map(({ seq, data }) => [seq, data.at(-1)])).toEqual([
      [2n, 10],
      [3n, 11],
    ])
    expect(more).toBe(false)
    expect(await room.bob.rpc.call(methods.ack, { seqUpTo: 2n })).toMatchObject({ remaining: 1n })
    const ahead = room.bob.rpc.call(methods.ack, { seqUpTo: 4n })
    await expect(ahead).rejects.toMatchObject({ reason: "ack_ahead" })
  })

  it("answers a repeat with the first result, also by the other method's rules", async () => {
    await using room = await pair()
    const batch = textBatch([room.bob.key], 10)
    const first = await room.alice.rpc.call(methods.batchEnqueue, batch)
    room.host.clock.advance(5000)
    const again = await room.alice.rpc.call(methods.batchEnqueue, batch)
    expect(first.outcome).toMatchObject({ case: "accepted", value: { duplicate: false } })
    expect(again.outcome).toMatchObject({ case: "accepted", value: { duplicate: true } })
    expect(again.outcome.value).toMatchObject({
      acceptedAtMs: (first.outcome.value as { acceptedAtMs: bigint }).acceptedAtMs,
    })
    const single = { recipientKey: room.bob.key, payload: envelope("application", 1n, Uint8Array.of(10)) }
    const { messageId, channelId } = batch
    expect(await room.alice.rpc.call(methods.enqueue, { ...single, messageId, channelId })).toMatchObject({
      seq: 2n,
      duplicate: true,
    })
    const other = { ...textBatch([room.bob.key], 99), messageId }
    await expect(room.alice.rpc.call(methods.batchEnqueue, other)).rejects.toMatchObject({
      code: "already_exists",
      reason: "message_id_reused",
    })
  })

  it("refuses strangers, and skips recipients who are strangers", async () => {
    await using room = await pair()
    const eve = await join(room.host, "eve", 3)
    await expect(eve.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], 1))).rejects.toMatchObject({
      code: "permission_denied",
      reason: "not_a_member",
    })
    const { outcome } = await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key, eve.key], 2))
    expect(outcome).toMatchObject({ value: { skippedKeys: [eve.key] } })
    const alone = { recipientKey: eve.key, payload: envelope("application", 1n, Uint8Array.of(1)) }
    const messageId = new Uint8Array(16)
    const toEve = room.alice.rpc.call(methods.enqueue, { ...alone, channelId: testChannel, messageId })
    await expect(toEve).rejects.toMatchObject({ reason: "recipient_not_a_member" })
  })

  it("refuses an envelope with a label that does not fit", async () => {
    await using room = await pair()
    const broken = envelope("application", 1n, Uint8Array.of(1)).fill(9, 0, 1)
    const deliveries = [{ recipientKeys: [room.bob.key], payload: broken }]
    const batch = { ...textBatch([room.bob.key], 1), deliveries }
    await expect(room.alice.rpc.call(methods.batchEnqueue, batch)).rejects.toMatchObject({
      code: "invalid_argument",
      reason: "envelope_invalid",
    })
  })

  it("lets one of two simultaneous commits win, and tells the other what it missed", async () => {
    await using room = await pair()
    const { alice, bob } = room
    const members = [alice.key, bob.key]
    const answers = await Promise.all([
      alice.rpc.call(methods.batchEnqueue, commitBatch({ epoch: 1n, members, after: members, content: 1 })),
      bob.rpc.call(methods.batchEnqueue, commitBatch({ epoch: 1n, members, after: members, content: 2 })),
    ])
    const winner = answers.findIndex(({ outcome }) => outcome.case === "accepted")
    const lost = answers.at(1 - winner)?.outcome
    if (lost?.case !== "epochConflict") return expect.unreachable()
    const commit = envelope("commit", 1n, Uint8Array.of(winner + 1))
    expect(lost.value.currentEpoch).toBe(2n)
    expect(lost.value.missedCommits).toEqual([signedFor(commit, lost.value.missedCommits[0]!)])
    const ahead = commitBatch({ epoch: 9n, members, after: members })
    await expect(alice.rpc.call(methods.batchEnqueue, ahead)).rejects.toMatchObject({ reason: "epoch_ahead" })
  })

  it("refuses a message that the group has moved too far on for", async () => {
    await using room = await pair()
    const { alice, bob } = room
    const members = [alice.key, bob.key]
    await alice.rpc.call(methods.batchEnqueue, commitBatch({ epoch: 1n, members, after: members }))
    const text = textBatch([bob.key], 1)
    const send = (readableUntilEpoch: bigint) => alice.rpc.call(methods.batchEnqueue, { ...text, readableUntilEpoch })
    await expect(send(1n)).rejects.toMatchObject({ reason: "epoch_passed" })
    await expect(send(2n)).resolves.toMatchObject({ outcome: { case: "accepted" } })
  })

  it("reaches those who have room, if asked to, and the others when the message comes again", async () => {
    await using room = await pair({ "queue-depth": "2" })
    for (const n of [1, 2]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    const third = { ...textBatch([room.bob.key, room.alice.key], 3), partial: true }
    const offer = async () => (await room.alice.rpc.call(methods.batchEnqueue, third)).outcome.value
    expect(await offer()).toMatchObject({ duplicate: false, fullKeys: [room.bob.key] })
    expect(await room.alice.rpc.call(methods.peek, {})).toMatchObject({ envelopes: [{}] })
    await room.bob.rpc.call(methods.ack, { seqUpTo: 2n })
    expect(await offer()).toMatchObject({ duplicate: true, fullKeys: [] })
    expect(await room.bob.rpc.call(methods.peek, {})).toMatchObject({ envelopes: [{ seq: 3n }, { seq: 4n }] })
    expect(await room.alice.rpc.call(methods.peek, {})).toMatchObject({ envelopes: [{}] })
  })

  it("refuses a batch whole when an inbox is full, and takes it when there is room", async () => {
    await using room = await pair({ "queue-depth": "2" })
    for (const n of [1, 2]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    const third = textBatch([room.bob.key, room.alice.key], 3)
    await expect(room.alice.rpc.call(methods.batchEnqueue, third)).rejects.toMatchObject({
      code: "resource_exhausted",
      reason: "inbox_full",
    })
    expect(await room.alice.rpc.call(methods.peek, {})).toMatchObject({ envelopes: [] })
    await room.bob.rpc.call(methods.ack, { seqUpTo: 2n })
    expect((await room.alice.rpc.call(methods.batchEnqueue, third)).outcome.case).toBe("accepted")
  })

  it("lets a commit go past a full inbox, whose owner hears of it when there is room and fetches it", async () => {
    await using room = await pair({ "queue-depth": "2" })
    const { alice, bob } = room
    for (const n of [1, 2]) await alice.rpc.call(methods.batchEnqueue, textBatch([bob.key], n))
    const members = [alice.key, bob.key]
    const commit = commitBatch({ epoch: 1n, members, after: members, content: 7 })
    const { outcome } = await alice.rpc.call(methods.batchEnqueue, commit)
    expect(outcome).toMatchObject({ case: "accepted", value: { duplicate: false, fullKeys: [] } })
    expect(await bob.rpc.call(methods.ack, { seqUpTo: 2n })).toMatchObject({ commitsLeftOut: 1n })
    expect(await bob.rpc.call(methods.fetchEpochs, { channelIds: [testChannel] })).toMatchObject({
      epochs: [{ channelId: testChannel, epoch: 2n }],
      newestSeq: 3n,
      commitsLeftOut: 1n,
    })
    const page = await bob.rpc.call(methods.fetchCommits, { channelId: testChannel, fromEpoch: 1n })
    expect(page).toMatchObject({ commits: [{ epoch: 1n }], oldestEpoch: 0n, newestEpoch: 2n })
    const { data } = page.commits[0]!
    expect(data).toEqual(signedFor(commit.deliveries[0]!.payload, data))
  })

  it("shows the log of a channel to nobody else, and answers no question that is too long", async () => {
    await using room = await pair()
    const eve = await join(room.host, "eve", 3)
    const fetch = (channelId: Uint8Array) => eve.rpc.call(methods.fetchCommits, { channelId })
    await expect(fetch(testChannel)).rejects.toMatchObject({ code: "permission_denied", reason: "not_a_member" })
    await expect(fetch(new Uint8Array(15))).rejects.toMatchObject({ reason: "malformed" })
    const ask = (channelIds: Uint8Array[]) => eve.rpc.call(methods.fetchEpochs, { channelIds })
    expect(await ask([testChannel])).toMatchObject({ epochs: [], newestSeq: 0n })
    await expect(ask(Array.from({ length: 257 }, () => testChannel))).rejects.toMatchObject({ reason: "too_large" })
    await expect(ask([new Uint8Array(15)])).rejects.toMatchObject({ reason: "malformed" })
  })

  it("is limited in rate per identity, and says when to come back", async () => {
    await using room = await pair({ "request-rate": "5/1s" })
    const calls = Array.from({ length: 6 }, (_, n) =>
      room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n)),
    )
    const settled = await Promise.allSettled(calls)
    expect(settled.map(({ status }) => status)).toEqual([...Array<string>(5).fill("fulfilled"), "rejected"])
    expect(settled[5]).toMatchObject({ reason: { reason: "rate_limited", retryAfterMs: 1000, retryable: true } })
    expect(await room.bob.rpc.call(methods.peek, {})).toMatchObject({ more: false })
    room.host.clock.advance(1000)
    await room.alice.rpc.call(methods.peek, {})
  })

  it("acknowledges nothing while the disk is full, keeps reading, and recovers", async () => {
    await using room = await pair()
    const enqueue = room.storage.enqueue.bind(room.storage)
    room.storage.enqueue = () => Promise.reject(new StorageError("full", "no space"))
    const batch = textBatch([room.bob.key], 1)
    await expect(room.alice.rpc.call(methods.batchEnqueue, batch)).rejects.toMatchObject({
      code: "unavailable",
      reason: "storage_full",
      retryable: true,
    })
    expect(await room.bob.rpc.call(methods.peek, {})).toMatchObject({ envelopes: [] })
    expect(room.host.faults).toMatchObject([{ during: "batchEnqueue" }])
    room.storage.enqueue = enqueue
    expect((await room.alice.rpc.call(methods.batchEnqueue, batch)).outcome).toMatchObject({
      value: { duplicate: false },
    })
  })
})

describe("pushes", () => {
  it("bring what waits and what comes, in order, without asking", async () => {
    await using room = await pair()
    await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], 10))
    expect(await room.bob.rpc.call(methods.subscribe, { afterSeq: 0n })).toMatchObject({ newestSeq: 2n })
    for (const n of [11, 12]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    expect(await pushed(room.bob.rpc, 3)).toEqual([
      [2n, 10],
      [3n, 11],
      [4n, 12],
    ])
  })

  it("stop at the window and go on with each acknowledgement", async () => {
    await using room = await pair({ "push-window": "2" })
    for (const n of [1, 2, 3, 4]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    await room.bob.rpc.call(methods.subscribe, { afterSeq: 0n })
    const isPushed = () => room.host.observations.filter(({ kind }) => kind === "pushed").length
    await room.bob.rpc.call(methods.health, {})
    await room.bob.rpc.call(methods.health, {})
    expect(isPushed()).toBe(2)
    const all = pushed(room.bob.rpc, 4)
    await room.bob.rpc.call(methods.ack, { seqUpTo: 3n })
    expect(await all).toEqual([
      [2n, 1],
      [3n, 2],
      [4n, 3],
      [5n, 4],
    ])
  })

  it("start again from the first unacknowledged envelope on the next connection", async () => {
    await using room = await pair()
    for (const n of [1, 2, 3]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    await room.bob.rpc.call(methods.subscribe, { afterSeq: 0n })
    await room.bob.rpc.call(methods.ack, { seqUpTo: 2n })
    await room.bob.rpc.close()
    const again = await reconnect(room.host, room.bob)
    await again.call(methods.subscribe, { afterSeq: 0n })
    expect(await pushed(again, 2)).toEqual([
      [3n, 2],
      [4n, 3],
    ])
  })

  it("reach every connection of an identity", async () => {
    await using room = await pair()
    const second = await reconnect(room.host, room.bob)
    for (const rpc of [room.bob.rpc, second]) await rpc.call(methods.subscribe, { afterSeq: 0n })
    await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], 7))
    expect(await Promise.all([pushed(room.bob.rpc, 1), pushed(second, 1)])).toEqual([[[2n, 7]], [[2n, 7]]])
  })

  it("start over behind another position when asked again", async () => {
    await using room = await pair()
    for (const n of [1, 2]) await room.alice.rpc.call(methods.batchEnqueue, textBatch([room.bob.key], n))
    await room.bob.rpc.call(methods.subscribe, { afterSeq: 2n })
    await room.bob.rpc.call(methods.health, {})
    await room.bob.rpc.call(methods.subscribe, { afterSeq: 0n })
    expect(await pushed(room.bob.rpc, 3)).toEqual([
      [3n, 2],
      [2n, 1],
      [3n, 2],
    ])
  })

  it("announce the end of the server", async () => {
    const room = await pair()
    const seen: string[] = []
    const reading = (async () => {
      for await (const push of room.bob.rpc.pushes) seen.push(push.name)
    })()
    await room[Symbol.asyncDispose]()
    await expect(reading).rejects.toMatchObject({ code: "closed" })
    expect(seen).toEqual(["goingAway"])
  })
})

describe("key packages", () => {
  const later = 1_800_000_000_000n + 3_600_000n

  it("are handed out once each, and counted", async () => {
    await using room = await pair()
    const keyPackages = [1, 2].map((n) => ({ data: Uint8Array.of(n), expiresAtMs: later }))
    expect(await room.alice.rpc.call(methods.uploadKeyPackage, { keyPackages })).toMatchObject({ available: 2 })
    expect(await room.alice.rpc.call(methods.uploadKeyPackage, {})).toMatchObject({ available: 2 })
    const fetch = () => room.bob.rpc.call(methods.fetchKeyPackage, { identityKey: room.alice.key })
    const [first, second] = await Promise.all([fetch(), fetch()])
    expect([first.data[0], second.data[0]]).toEqual([1, 2])
    await expect(fetch()).rejects.toMatchObject({ reason: "key_packages_exhausted" })
  })

  it("give way to the last-resort one when they are used up, which says so and is counted", async () => {
    await using room = await pair()
    const [only, lastResort] = [1, 2].map((n) => ({ data: Uint8Array.of(n), expiresAtMs: later }))
    await room.alice.rpc.call(methods.uploadKeyPackage, { keyPackages: [only!], lastResort: lastResort! })
    const fetch = () => room.bob.rpc.call(methods.fetchKeyPackage, { identityKey: room.alice.key })
    expect(await fetch()).toMatchObject({ data: Uint8Array.of(1), lastResort: false })
    for (let use = 0; use < 2; use++) {
      expect(await fetch()).toMatchObject({ data: Uint8Array.of(2), lastResort: true })
    }
    const stock = await room.alice.rpc.call(methods.uploadKeyPackage, {})
    expect(stock).toMatchObject({ available: 0, lastResort: { uses: 2, expiresAtMs: later } })
    const upload = room.alice.rpc.call(methods.uploadKeyPackage, { lastResort: { ...lastResort!, expiresAtMs: 1n } })
    await expect(upload).rejects.toMatchObject({ reason: "key_package_invalid" })
  })

  it("are apart for each cipher suite, of which there are three", async () => {
    await using room = await pair()
    const [first, xWing] = [1, 2].map((n) => ({ data: Uint8Array.of(n), expiresAtMs: later }))
    const upload = { keyPackages: [xWing!], cipherSuite: 0xf002 }
    await room.alice.rpc.call(methods.uploadKeyPackage, { keyPackages: [first!] })
    const stock = await room.alice.rpc.call(methods.uploadKeyPackage, upload)
    expect(stock).toMatchObject({ available: 1, cipherSuite: 0xf002 })
    expect(await room.alice.rpc.call(methods.uploadKeyPackage, {})).toMatchObject({ available: 1, cipherSuite: 1 })
    const fetch = (cipherSuite: number) =>
      room.bob.rpc.call(methods.fetchKeyPackage, { identityKey: room.alice.key, cipherSuite })
    expect(await fetch(0xf002)).toMatchObject({ data: Uint8Array.of(2) })
    await expect(fetch(0xf002)).rejects.toMatchObject({ reason: "key_packages_exhausted" })
    const unknown = room.alice.rpc.call(methods.uploadKeyPackage, { ...upload, cipherSuite: 0x0a0a })
    await expect(unknown).rejects.toMatchObject({ reason: "cipher_suite_unknown" })
  })

  it("cannot be drained by one requester", async () => {
    await using room = await pair({ "fetch-rate-of-one": "1/1h" })
    const keyPackages = [1, 2].map((n) => ({ data: Uint8Array.of(n), expiresAtMs: later }))
    await room.alice.rpc.call(methods.uploadKeyPackage, { keyPackages })
    const fetch = () => room.bob.rpc.call(methods.fetchKeyPackage, { identityKey: room.alice.key })
    await fetch()
    await expect(fetch()).rejects.toMatchObject({ reason: "fetch_rate_limited", retryAfterMs: 3_600_000 })
  })

  it.each([
    ["empty", { data: new Uint8Array(0), expiresAtMs: later }],
    ["too large", { data: new Uint8Array(65 * 1024), expiresAtMs: later }],
    ["expired", { data: Uint8Array.of(1), expiresAtMs: 1_800_000_000_000n }],
    ["valid for ever", { data: Uint8Array.of(1), expiresAtMs: 2n ** 64n - 1n }],
  ])("are refused when %s", async (_, keyPackage) => {
    await using room = await pair()
    const upload = room.alice.rpc.call(methods.uploadKeyPackage, { keyPackages: [keyPackage] })
    await expect(upload).rejects.toMatchObject({ reason: "key_package_invalid" })
  })

  it("of an unknown identity are told apart from an empty stock", async () => {
    await using room = await pair()
    const fetch = room.bob.rpc.call(methods.fetchKeyPackage, { identityKey: identityOf(9).publicKey })
    await expect(fetch).rejects.toMatchObject({ code: "not_found", reason: "user_unknown" })
  })
})
