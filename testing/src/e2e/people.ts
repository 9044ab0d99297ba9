import { writeFileSync } from "node:fs"
import { type Ended, LiveQpc, qpc, type RunOptions } from "./programs.ts"
import type { TestFolder } from "./test-folder.ts"

/** Someone who uses `qpc` from a shell: a profile, and a password in a file. */
export class Person {
  readonly name: string
  readonly profile: string
  readonly password: string
  readonly passwordFile: string

  constructor(name: string, folder: TestFolder, password: string = `the password of ${name}`) {
    this.name = name
    this.profile = folder.at(`profile of ${name}`)
    this.password = password
    this.passwordFile = folder.at(`${name}.password`)
    writeFileSync(this.passwordFile, `${password}\n`, { mode: 0o600 })
  }

  /** Runs one command of this person. */
  qpc(words: readonly string[], options?: RunOptions): Promise<Ended> {
    return qpc(["--profile", this.profile, "--password-file", this.passwordFile, ...words], options)
  }

  /** Starts a command that goes on until it is told to leave. */
  live(words: readonly string[]): LiveQpc {
    return new LiveQpc(["--profile", this.profile, "--password-file", this.passwordFile, ...words])
  }

  /** Runs one command and returns what it printed with `--json`. @throws Error if it fails */
  async json(...words: readonly string[]): Promise<Record<string, unknown>> {
    const ended = await this.qpc(["--json", ...words])
    if (ended.code !== 0) throw new Error(`qpc ${words.join(" ")} ended with ${ended.code}: ${ended.err}`)
    return JSON.parse(ended.out) as Record<string, unknown>
  }
}

/** Two people who share a group. */
export async function twoFriends(
  folder: TestFolder,
  address: string,
  group = "friends",
): Promise<{ alice: Person; bob: Person }> {
  const [alice, bob] = [new Person("alice", folder), new Person("bob", folder)]
  await alice.json("--server", address, "register-user", "alice")
  await bob.json("--server", address, "register-user", "bob")
  await alice.json("create-group", group)
  await alice.json("invite", group, "bob")
  await bob.json("join", group)
  return { alice, bob }
}

/** The texts in what `recv` or `history` printed with `--json`. */
export function textsOf(printed: Record<string, unknown>): string[] {
  return (printed["messages"] as readonly { readonly text: string }[]).map((message) => message.text)
}
