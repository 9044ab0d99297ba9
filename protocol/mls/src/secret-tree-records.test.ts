import { suite0001 as suite } from "@qpc/crypto/node"
import { DecodeError, encode, RecordReader, writeRecords } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { StoredSecretTrees } from "./secret-tree-records.ts"
import { SecretTree } from "./secret-tree.ts"

const limits = { outOfOrderGenerations: 4, maxForwardGenerations: 8, refusedDerivations: 1000 }

/** The records of a tree of four in which leaf 1 has sent one message and skipped two. */
function recordsOf(): StateRecord[] {
  const tree = SecretTree.create(suite, new Uint8Array(32).fill(1), 4)
  const candidate = tree.candidate(1, "application", 2, limits)
  if (typeof candidate === "string") throw new Error(candidate)
  candidate.consume()
  return [...tree.records(0n)]
}

function restored(records: readonly StateRecord[]): SecretTree {
  return new StoredSecretTrees(suite, new RecordReader(records)).take(0n, 4, false)
}

function bytesOf(records: Iterable<StateRecord>): Uint8Array {
  return encode((writer) => writeRecords(writer, records))
}

describe("a stored secret tree", () => {
  it("is read back as it was", () => {
    expect(bytesOf(restored(recordsOf()).records(0n))).toEqual(bytesOf(recordsOf()))
  })

  it.each<[string, (records: StateRecord[]) => StateRecord[]]>([
    ["a record of a shorter secret", (records) => changed(records, "secret/", (value) => value.slice(1))],
    [
      "a record with something behind",
      (records) => changed(records, "ratchet/", (value) => Uint8Array.of(...value, 0)),
    ],
    [
      "a key that was not skipped",
      (records) => renamed(records, "skipped/", "application/00000001", "application/00000003"),
    ],
    ["a secret outside of the tree", (records) => renamed(records, "secret/", "00000005", "00000007")],
    ["a secret above a ratchet", (records) => renamed(records, "secret/", "00000005", "00000003")],
    [
      "a ratchet without the other of its leaf",
      (records) => records.filter(({ key }) => !key.endsWith("/application")),
    ],
    ["a leaf without its handshake ratchet", (records) => records.filter(({ key }) => !key.endsWith("/handshake"))],
    ["a ratchet of no kind", (records) => renamed(records, "ratchet/", "handshake", "handwriting")],
    ["a number in another form", (records) => renamed(records, "secret/", "00000005", "5")],
  ])("is not read back with %s", (_, damage) => {
    expect(() => restored(damage(recordsOf()))).toThrow(DecodeError)
  })
})

function changed(
  records: readonly StateRecord[],
  start: string,
  change: (value: Uint8Array) => Uint8Array,
): StateRecord[] {
  return records.map(({ key, value }) => ({ key, value: key.startsWith(start) ? change(value) : value }))
}

function renamed(records: readonly StateRecord[], start: string, from: string, to: string): StateRecord[] {
  return records.map(({ key, value }) => ({ key: key.startsWith(start) ? key.replace(from, to) : key, value }))
}
