import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Person, textsOf } from "./people.ts"
import { freePort, TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"
import { withClock } from "./with-clock.ts"

const YEAR_MS = 365 * 86_400_000

describe("people with ten years on the clock, or ten too few", () => {
  let folder: TestFolder
  let server: TestServer

  beforeAll(async () => {
    folder = new TestFolder()
    server = await TestServer.start(folder.at("server"), await freePort())
  })

  /** Runs commands of somebody whose calendar is ahead by so much. */
  function runs(name: string, aheadMs: number) {
    const person = new Person(name, folder)
    return async (...words: string[]): Promise<Record<string, unknown>> => {
      const ended = await person.qpc(["--json", "--server", server.address, ...words], { env: withClock(aheadMs) })
      if (ended.code !== 0) throw new Error(`${name}: qpc ${words.join(" ")} ended with ${ended.code}: ${ended.err}`)
      return JSON.parse(ended.out) as Record<string, unknown>
    }
  }

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  // Each command is a program of its own that stretches a password.
  it("reach the server, register, invite one another, write and read", async () => {
    const [future, past] = [runs("future", 10 * YEAR_MS), runs("past", -10 * YEAR_MS)]
    await future("register-user", "future")
    await past("register-user", "past")
    await future("create-group", "friends")
    await future("invite", "friends", "past")
    await past("join", "friends")
    await past("send", "friends", "from the past")
    expect(textsOf(await future("recv", "friends"))).toEqual(["from the past"])
    await future("send", "friends", "from the future")
    expect(textsOf(await past("recv", "friends"))).toEqual(["from the future"])
  }, 240_000)
})
