import { describe, expect, it } from "vitest"
import { Admission } from "./admission.ts"

describe("admission", () => {
  it("turns away more than the whole limit", () => {
    const admission = new Admission(2, 2)
    expect([admission.enter("a"), admission.enter("b"), admission.enter("c")].map(Boolean)).toEqual([true, true, false])
  })

  it("turns away more than one address may have, and nobody else", () => {
    const admission = new Admission(10, 1)
    expect([admission.enter("a"), admission.enter("a"), admission.enter("b")].map(Boolean)).toEqual([true, false, true])
  })

  it("gives a place back once, however often it is left", () => {
    const admission = new Admission(2, 2)
    const leave = admission.enter("a")!
    admission.enter("a")
    leave()
    leave()
    expect([admission.enter("a"), admission.enter("a")].map(Boolean)).toEqual([true, false])
  })

  it("counts all addresses that one person can choose freely as one", () => {
    const admission = new Admission(10, 1)
    const addresses = ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1", "192.0.2.7", "::ffff:192.0.2.7"]
    expect(addresses.map((address) => Boolean(admission.enter(address)))).toEqual([true, false, true, true, false])
  })
})
