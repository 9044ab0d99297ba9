import { describe, expect, it } from "vitest"
import { dropError } from "./drop-reason.ts"
import { ERROR_REGISTRY, lookupError } from "./error-registry.ts"

describe("error registry", () => {
  it("finds each of its rows by code, and nothing else", () => {
    for (const [name, row] of Object.entries(ERROR_REGISTRY)) {
      expect(row.name).toBe(name)
      expect(lookupError(row.code)).toBe(row)
    }
    expect(Object.keys(ERROR_REGISTRY)).toHaveLength(32)
    expect(lookupError(0x000a)).toBeUndefined()
  })

  it("says what a peer may retry and what ends the group", () => {
    expect(lookupError(0x0003)).toMatchObject({ class: "state", retryable: true, fatal: false })
    expect(lookupError(0x0007)).toMatchObject({ class: "crypto", retryable: false, fatal: true })
    expect(lookupError(0x2006)).toMatchObject({ class: "state", retryable: true })
  })

  it("names the error a drop counts as", () => {
    expect(dropError("replay_detected").code).toBe(0x0005)
    expect(dropError("epoch_in_future").code).toBe(0x0003)
  })
})
