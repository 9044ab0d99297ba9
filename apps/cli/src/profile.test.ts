import { describe, expect, it } from "vitest"
import { findProfile } from "./profile.ts"

describe("finding the profile", () => {
  it("puts a name under the data folder", () => {
    expect(findProfile("work", { XDG_DATA_HOME: "/data" })).toEqual({ name: "work", folder: "/data/qpc/work" })
  })

  it("takes a path as it is", () => {
    expect(findProfile("/tmp/alice", {})).toEqual({ name: "/tmp/alice", folder: "/tmp/alice" })
  })

  it("falls back to QPC_PROFILE and then to default", () => {
    expect(findProfile(undefined, { XDG_DATA_HOME: "/data", QPC_PROFILE: "home" }).folder).toBe("/data/qpc/home")
    expect(findProfile(undefined, { XDG_DATA_HOME: "/data" }).folder).toBe("/data/qpc/default")
  })

  it.each(["", "..", "-x", "a b", "x".repeat(65)])("refuses %j as a name", (name) => {
    expect(() => findProfile(name, {})).toThrow("is not a profile name")
  })
})
