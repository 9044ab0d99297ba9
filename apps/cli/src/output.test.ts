import { describe, expect, it } from "vitest"
import { Output, printable } from "./output.ts"

function recorded(isJson: boolean): { readonly output: Output; readonly out: string[]; readonly err: string[] } {
  const [out, err]: [string[], string[]] = [[], []]
  const streams = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    isTerminal: false,
  }
  return { output: new Output(streams, isJson), out, err }
}

describe("output", () => {
  it("prints lines for people and one object for programs", () => {
    const people = recorded(false)
    people.output.result({ count: 1 }, "one message")
    expect(people.out).toEqual(["one message\n"])

    const programs = recorded(true)
    programs.output.result({ count: 1 }, "one message")
    programs.output.line("a heading")
    programs.output.note("meanwhile")
    expect(programs.out).toEqual(['{"count":1}\n'])
    expect(programs.err).toEqual([])
  })

  it("prints a failure as one line with the next step, or as one object", () => {
    const failure = { code: "timeout", message: "Nobody answered.", nextStep: "Try again." }
    const people = recorded(false)
    people.output.failure(failure)
    expect(people.err).toEqual(["error: Nobody answered. Try again.\n"])

    const programs = recorded(true)
    programs.output.failure(failure)
    expect(JSON.parse(programs.err.join(""))).toEqual({ error: failure })
  })
})

describe("what a server or a member may have a hand in", () => {
  const foreign = "friends\n\u001b[2Jerror: paste your password\u009b31m"

  it("stays within its line in notes and failures", () => {
    const people = recorded(false)
    people.output.note(foreign)
    people.output.failure({ code: "server_refused", message: foreign, nextStep: foreign })
    expect(people.err).toHaveLength(2)
    // eslint-disable-next-line no-control-regex -- these are what must be gone
    for (const line of people.err) expect(line).toMatch(/^[^\n\u001b\u009b]*\n$/)
  })

  it("is unchanged for programs, and harmless when their input is shown on a terminal", () => {
    const programs = recorded(true)
    programs.output.result({ text: foreign })
    // eslint-disable-next-line no-control-regex -- these are what must be gone
    expect(programs.out.join("")).toMatch(/^[^\n\u001b\u009b]*\n$/)
    expect(JSON.parse(programs.out.join(""))).toEqual({ text: foreign })
  })
})

describe("text from other people", () => {
  it.each([
    ["an escape sequence", "\u001b[2Jgone"],
    ["a carriage return that overwrites the sender", "\rmallory: trust me"],
    ["a backspace", "ab\bc"],
    ["a C1 control", "\u009b31m"],
    ["a right-to-left override", "gpj.\u202eexe"],
  ])("cannot move the cursor with %s", (_title, text) => {
    expect(printable(text)).toContain("\u{fffd}")
    // eslint-disable-next-line no-control-regex -- these are what must be gone
    expect(printable(text)).not.toMatch(/[\u0008\r\u001b\u009b\u202e]/)
  })

  it("keeps letters, emoji, tabs and line breaks", () => {
    const text = "héllo\t👩‍👩‍👧\nsecond line"
    expect(printable(text)).toBe(text)
  })
})
