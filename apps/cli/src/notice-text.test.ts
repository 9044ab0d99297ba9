import type { Notice } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { noticeText } from "./notice-text.ts"

const identityKey = new Uint8Array(32) as NonNullable<Notice["person"]>["identityKey"]
const notice = (reason: string, more: Partial<Notice> = {}): string =>
  noticeText({ position: 1, atMs: 0, seq: 7n, sizeBytes: 300, reason, ...more })

describe("a notice", () => {
  it.each(["own_message_ahead", "abandoned_commit", "history_gone"])(
    "says who lets us into a group again: %s",
    (reason) => {
      expect(notice(reason)).toContain("asks the members to let it in again")
    },
  )

  it.each(["replaced_by_copy", "rejoin_given_up"])(
    "says how to get back where we do not by ourselves: %s",
    (reason) => {
      expect(notice(reason)).toContain("sk a member to remove you and invite you again")
    },
  )

  it.each(["key_package_gone", "not_followed"])("says how a person leads us behind a change: %s", (reason) => {
    expect(notice(reason)).toMatch(/sk the others whether they can still write there.*: qpc doctor --repair --yes\.$/)
  })

  it("asks a person about one group when one member alone says that roles have changed", () => {
    expect(notice("rejoin_unconfirmed")).toMatch(/If you know it to be so: qpc doctor --repair --yes --group GROUP\.$/)
  })

  it.each([
    ["last_resort_refused", "connect now and then (qpc recv)"],
    ["key_packages_refused", "Check this machine's clock"],
  ])("says what to do where others cannot invite us: %s", (reason, nextStep) => {
    expect(notice(reason)).toContain(nextStep)
  })

  it("says whose device is back", () => {
    expect(notice("member_rejoined", { person: { identityKey, username: "bob" } })).toMatch(
      /^bob's device had lost the group and is back in it/,
    )
  })

  it("says who can invite anew when an invitation was not one into the same group", () => {
    expect(notice("welcome_replaces_group")).toMatch(/^An invitation was refused: .* ask a member who was in it/)
    expect(notice("welcome_replaces_group")).toContain(
      "other roles to be right: qpc doctor --repair --yes --group GROUP.",
    )
    expect(notice("welcome_for_known_group")).toContain("qpc doctor says what to do")
  })

  it("names who invited us into a group that nobody knew them in, and what to do first", () => {
    expect(notice("welcome_by_stranger", { person: { identityKey, username: "mallory" } })).toMatch(
      /^mallory, whom you do not know from there, .* members \(qpc members\) before you write/,
    )
  })

  it("names who ended the numbering of messages, and what to ask them", () => {
    expect(notice("counting_stopped", { person: { identityKey, username: "mallory" } })).toMatch(
      /^mallory changed a group .* Ask mallory whose device it is\.$/,
    )
  })

  it("names who goes by another key of the server", () => {
    expect(notice("other_server_key", { person: { identityKey, username: "bob" } })).toMatch(
      /^bob was told another key/,
    )
  })

  it("says whose last resort was used", () => {
    expect(notice("last_resort_used")).toMatch(/^Last resort used: your key packages/)
    expect(notice("invited_by_last_resort", { person: { identityKey, username: "bob" } })).toMatch(
      /^Last resort used: bob has run out/,
    )
  })

  it("names what has no sentence of its own, with its number and size", () => {
    expect(notice("replay_detected")).toBe("Something could not be shown: replay_detected (300 bytes, number 7).")
  })
})
