import { DecodeError } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { rejoinRecord } from "./rejoin-record.ts"
import type { RejoinRecord } from "./rejoin-record.ts"

const record: RejoinRecord = {
  cause: "history_gone",
  isInsisted: true,
  sinceMs: 1000,
  attempt: 3,
  stage: { at: "stopped", reason: "roles_changed" },
  nextAtMs: 2000,
}
/** Where it says whether somebody insists. */
const INSISTED_AT = 2

describe("the record of a way back", () => {
  it("reads back what was written", () => {
    expect(rejoinRecord.decode(rejoinRecord.encode(record))).toEqual(record)
  })

  it("of version 1 has nobody who insists", () => {
    const bytes = rejoinRecord.encode(record)
    const before = Uint8Array.of(1, bytes[1]!, ...bytes.subarray(INSISTED_AT + 1))
    expect(rejoinRecord.decode(before)).toEqual({ ...record, isInsisted: false })
  })

  it.each([
    ["a later version", 0, 3],
    ["another cause", 1, 9],
    ["neither yes nor no", INSISTED_AT, 2],
  ])("is not read with %s", (_, at, value) => {
    expect(() => rejoinRecord.decode(rejoinRecord.encode(record).with(at, value))).toThrow(DecodeError)
  })
})
