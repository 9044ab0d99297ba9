import { describe, expect, it } from "vitest"
import { firstDifference, patternBytes, readAll, readSome, writeAll } from "./bytes.ts"
import type { ConnectionMaker } from "./connection-pair.ts"

const closed = { name: "TransportError", code: "closed", retryable: true }

/** What a connection promises about its three endings: finish, close, cut. */
export function describeEndings(maker: ConnectionMaker): void {
  describe("that finishes", () => describeFinish(maker))
  describe("that closes", () => {
    if (maker.isBare !== true) describeGoodbye(maker)
    describeClose(maker)
    describeCloseWhileBusy(maker)
  })
  describe("that is cut", () => describeCut(maker))
}

function describeFinish({ makePair }: ConnectionMaker): void {
  it("ends the peer's incoming after everything written", async () => {
    await using pair = await makePair()
    await pair.near.write(patternBytes(1_000, 1))
    await pair.near.finish()
    expect(firstDifference(await readAll(pair.far), patternBytes(1_000, 1))).toBeUndefined()
  })

  it("still receives what the peer writes later", async () => {
    await using pair = await makePair()
    await pair.near.finish()
    await readAll(pair.far)
    const [read] = await Promise.all([readAll(pair.near), writeAll(pair.far, patternBytes(200_000, 2), 50_000)])
    expect(firstDifference(read, patternBytes(200_000, 2))).toBeUndefined()
  })

  it("rejects further writes, and finishes once however often it is asked", async () => {
    await using pair = await makePair()
    await Promise.all([pair.near.finish(), pair.near.finish()])
    await pair.near.finish()
    await expect(pair.near.write(Uint8Array.of(1))).rejects.toMatchObject(closed)
  })

  it("releases itself when both sides finished", async () => {
    await using pair = await makePair()
    await Promise.all([pair.near.finish(), pair.far.finish()])
    expect(await readAll(pair.near)).toHaveLength(0)
    expect(await readAll(pair.far)).toHaveLength(0)
    await Promise.all([pair.near.close(), pair.far.close()])
  })
}

/** What a peer learns that is told why. */
function describeGoodbye({ makePair }: ConnectionMaker): void {
  it("tells the peer why", async () => {
    await using pair = await makePair()
    await pair.near.close("shutting down")
    await expect(readAll(pair.far)).rejects.toMatchObject({ ...closed, peerReason: "shutting down" })
    await expect(pair.far.write(Uint8Array.of(1))).rejects.toMatchObject(closed)
  })

  it("cuts a long reason, and keeps escape sequences out of the peer's log", async () => {
    await using pair = await makePair()
    await pair.near.close(`\u{1B}[2J\n${"x".repeat(500)}`)
    const error = await readAll(pair.far).catch((thrown: { peerReason: string }) => thrown)
    expect((error as { peerReason: string }).peerReason).toMatch(/^\u{FFFD}\[2J\u{FFFD}x{100,115}$/u)
  })

  it("tells the peer even if it still waits for this side's reader", async () => {
    await using pair = await makePair()
    const writing = pair.near.write(new Uint8Array(4_000_000)).catch((error: unknown) => error)
    await pair.far.close("enough")
    expect(await writing).toMatchObject({ ...closed, peerReason: "enough" })
  })
}

function describeClose({ makePair, isBare }: ConnectionMaker): void {
  it("still delivers what was written before", async () => {
    await using pair = await makePair()
    const reader = pair.far.incoming[Symbol.asyncIterator]()
    await pair.near.write(patternBytes(60_000, 3))
    await pair.near.close("done")
    expect(firstDifference(await readSome(reader, 60_000), patternBytes(60_000, 3))).toBeUndefined()
    await closedOrEnded(reader.next(), isBare)
  })

  it("ends its own incoming with an error and rejects further writes", async () => {
    await using pair = await makePair()
    const reading = readAll(pair.near).catch((error: unknown) => error)
    await pair.near.close()
    expect(await reading).toMatchObject(closed)
    await expect(pair.near.write(Uint8Array.of(1))).rejects.toMatchObject(closed)
  })
}

function describeCloseWhileBusy({ makePair, mostUnreadBytes, isBare }: ConnectionMaker): void {
  it("rejects writes that still wait for the peer's reader", async () => {
    await using pair = await makePair()
    const writing = pair.near.write(new Uint8Array(mostUnreadBytes * 2)).catch((error: unknown) => error)
    await pair.near.close()
    expect(await writing).toMatchObject(closed)
  })

  it("rejects writes that wait when it is the peer who closes", async () => {
    await using pair = await makePair()
    const writing = pair.near.write(new Uint8Array(mostUnreadBytes * 2)).catch((error: unknown) => error)
    await pair.far.close("enough")
    expect(await writing).toMatchObject(closed)
  })

  it("closes once however often it is asked, from both sides at once", async () => {
    await using pair = await makePair()
    await Promise.all([pair.near.close("a"), pair.near.close("b"), pair.far.close("c")])
    await pair.near.close("d")
    await pair.near.finish()
  })

  it("closes when the reader leaves its loop", async () => {
    await using pair = await makePair()
    await pair.near.write(Uint8Array.of(1))
    for await (const chunk of pair.far.incoming) {
      expect(chunk).toHaveLength(1)
      break
    }
    await closedOrEnded(readAll(pair.near), isBare)
    await expect(pair.far.write(Uint8Array.of(1))).rejects.toMatchObject(closed)
  })

  it("closes when it is disposed", async () => {
    await using pair = await makePair()
    await pair.far[Symbol.asyncDispose]()
    await closedOrEnded(readAll(pair.near), isBare)
  })
}

function describeCut({ makePair, mostUnreadBytes }: ConnectionMaker): void {
  it("throws at both readers instead of pretending the peer finished", async () => {
    await using pair = await makePair()
    const readers = [readAll(pair.near), readAll(pair.far)].map(
      async (reading) => await reading.catch((error: unknown) => error),
    )
    await pair.near.write(Uint8Array.of(1))
    pair.cut()
    expect(await Promise.all(readers)).toMatchObject([closed, closed])
  })

  it("rejects writes that wait, and later ones", async () => {
    await using pair = await makePair()
    const writing = pair.near.write(new Uint8Array(mostUnreadBytes * 2)).catch((error: unknown) => error)
    pair.cut()
    expect(await writing).toMatchObject(closed)
    await expect(pair.near.write(Uint8Array.of(1))).rejects.toMatchObject(closed)
  })

  it("can still be closed", async () => {
    await using pair = await makePair()
    pair.cut()
    await Promise.all([pair.near.close(), pair.far.close()])
  })
}

/** A peer that closed says so, unless its connection is bare: then reading ends, or fails if the network was quicker. */
async function closedOrEnded(reading: Promise<unknown>, isBare: boolean | undefined): Promise<void> {
  const outcome = await reading.then(
    () => "ended",
    (error: unknown) => error,
  )
  if (isBare !== true || outcome !== "ended") expect(outcome).toMatchObject(closed)
}
