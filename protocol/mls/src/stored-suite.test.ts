import { DecodeError } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { StateVersionError } from "./state-version.ts"
import { suiteIdOfBytes, suiteIdOfRecords } from "./stored-suite.ts"
import { Party } from "./testing/party.ts"

describe("the suite of a stored group", () => {
  const alice = Party.of("stored suite", ["alice", "bob"]).group("alice")
  const bytes = alice.toBytes()
  const records = alice.takeChanges().changes.map(({ key, value }) => ({ key, value: value! }))
  const withState = (change: (value: Uint8Array) => Uint8Array) =>
    records.map(({ key, value }) => ({ key, value: key === "state" ? change(value) : value }))

  it("is what its records and its snapshot say, whether or not anybody has that suite", () => {
    expect([suiteIdOfRecords(records), suiteIdOfBytes(bytes)]).toEqual([1, 1])
    expect([suiteIdOfRecords(withState((value) => value.with(1, 0x40))), suiteIdOfBytes(bytes.with(1, 0x40))]).toEqual([
      0x4001, 0x4001,
    ])
  })

  it("is not looked for in what newer software wrote, or nobody", () => {
    expect(() => suiteIdOfRecords(withState((value) => value.with(0, 3)))).toThrow(StateVersionError)
    expect(() => suiteIdOfBytes(bytes.with(0, 4))).toThrow(StateVersionError)
    expect(() => suiteIdOfRecords(withState((value) => value.with(0, 0)))).toThrow(DecodeError)
    expect(() => suiteIdOfBytes(bytes.subarray(0, 2))).toThrow(DecodeError)
    expect(() => suiteIdOfRecords([])).toThrow(DecodeError)
  })
})
