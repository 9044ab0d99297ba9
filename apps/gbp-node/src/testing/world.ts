import { run } from "../run.ts"

/** How a run of the program ended. */
export interface Ran {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** Runs a command line inside this process. @param lines - what the person types */
export async function ran(words: readonly string[], lines: readonly string[] = []): Promise<Ran> {
  const printed = { out: "", err: "" }
  const exitCode = await run(words, {
    out: (text) => void (printed.out += text),
    err: (text) => void (printed.err += text),
    environment: {},
    input: typed(lines),
    signal: new AbortController().signal,
  })
  return { exitCode, ...printed }
}

async function* typed(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}
