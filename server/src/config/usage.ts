import { exitCodes } from "../exit-code.ts"
import type { OptionTexts } from "./configuration.ts"
import { fileKeyOf, optionRows } from "./options.ts"
import type { OptionRow } from "./options.ts"

/** The text of `--help`. */
export function usage(): string {
  const exits = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`)
  return `qpc-server: accounts, key packages and ordered inboxes; it cannot read a message.

Usage: qpc-server [options]

  --help, -h                   this text
  --version                    the release
  --config FILE                options from FILE; default qpc-server.toml where it exists
  --print-config               what it would run with, without secrets, in the form of the file
  --json                       the line printed when ready as JSON
${group("server").join("\n")}

Limits:
${group("limits").join("\n")}

Every option is also a variable (--drain-timeout: QPC_DRAIN_TIMEOUT) and a key of the file (drain_timeout).
Flags come before variables, variables before the file. QPC_DB_KEY has no flag: flags are visible to everybody.
Durations: 500ms 30s 15m 12h 7d. Sizes: 64KiB 4MiB 10GiB. Rates: 50/1s.

It needs no configuration: the data directory, a database key and a certificate are made at the first start.
When ready it prints one line with its address and fingerprint on standard output; the log goes to standard error.
SIGTERM or SIGINT: it stops accepting, tells its clients, finishes their calls and ends; a second one ends it at once.

Exit codes:
${exits.join("\n")}
`
}

/** What would be in force, in the form of `qpc-server.toml`, with secrets left out. */
export function printConfiguration(texts: OptionTexts): string {
  const lines = optionRows.map(({ name, kind, fallback, isSecret }) => {
    const text = texts[name] ?? fallback
    if (isSecret === true)
      return text === "" ? `# ${fileKeyOf(name)} is not set` : `# ${fileKeyOf(name)} is set, not shown`
    return `${fileKeyOf(name)} = ${kind === "flag" ? text : JSON.stringify(text)}`
  })
  return `${lines.join("\n")}\n`
}

function group(name: OptionRow["group"]): string[] {
  return optionRows
    .filter((row) => row.group === name && row.isSecret !== true)
    .map((row) => `  ${flagOf(row).padEnd(28)} ${row.help}${row.fallback === "" ? "" : ` (${row.fallback})`}`)
}

function flagOf({ name, kind, placeholder }: OptionRow): string {
  if (kind === "flag") return `--[no-]${name}`
  return `--${name} ${placeholder ?? { count: "N", size: "SIZE", duration: "TIME", rate: "N/TIME", text: "TEXT" }[kind]}`
}
