import { homedir } from "node:os"
import { isAbsolute, join, resolve } from "node:path"
import { UsageError } from "./usage-error.ts"

/** A folder that holds one person's identity, groups and history, encrypted under their password. */
export interface Profile {
  /** What was asked for, for messages to people. */
  readonly name: string
  readonly folder: string
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Finds the profile: `--profile`, then `QPC_PROFILE`, then `default`. A name lies under `$XDG_DATA_HOME/qpc` (by default
 * `~/.local/share/qpc`); anything with a slash is a folder.
 *
 * @throws UsageError for a name that is neither
 */
export function findProfile(
  asked: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Profile {
  const name = asked ?? environment["QPC_PROFILE"] ?? "default"
  if (name.includes("/") || isAbsolute(name)) return { name, folder: resolve(name) }
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" is not a profile name.`, "Use letters, digits, dots and dashes, or a folder.")
  }
  const data = environment["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share")
  return { name, folder: join(data, "qpc", name) }
}
