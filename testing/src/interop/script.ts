import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { vectorsDir } from "./proto.ts"

/** A proposal inside of a step. Numbers point at earlier steps, whose result is meant. */
export interface ProposalInScript {
  readonly proposaltype: string
  readonly keypackage?: number
  readonly removed?: string
  readonly pskid?: number
  readonly epochid?: number
  readonly extensions?: readonly ExtensionInScript[]
  readonly changegroupid?: boolean
  readonly changeciphersuite?: boolean
}

/** An extension inside of a step; its data in base64. */
export interface ExtensionInScript {
  readonly extensiontype: number
  readonly extensiondata: string
}

/** One step of a script with all fields that any action has. Field names in lower case, without underscores. */
export interface Step {
  readonly action: string
  readonly actor?: string
  readonly members?: readonly string[]
  readonly joiners?: readonly string[]
  readonly joiner?: string
  readonly clients?: readonly string[]
  readonly keypackage?: number
  readonly removed?: string
  readonly pskid?: number
  readonly psks?: readonly number[]
  readonly epochid?: number
  readonly extensions?: readonly ExtensionInScript[]
  readonly byreference?: readonly number[]
  readonly byvalue?: readonly ProposalInScript[]
  readonly forcepath?: boolean
  readonly externaltree?: boolean
  readonly removeprior?: boolean
  readonly authenticateddata?: string
  readonly plaintext?: string
  readonly ciphertext?: number
  readonly signer?: string
  readonly member?: string
  readonly description?: ProposalInScript
  readonly proposer?: string
  readonly committer?: string
  readonly welcomer?: string
  readonly changegroupid?: boolean
  readonly changeciphersuite?: boolean
  readonly externalreinitproposal?: number
}

/** One story of a script file. */
export interface Script {
  /** File and name, such as `commit/add`. */
  readonly name: string
  readonly file: string
  readonly steps: readonly Step[]
}

/** All stories of the working group's script files, in the order of the files' names. */
export function loadScripts(): Script[] {
  const folder = join(vectorsDir, "mls-wg", "configs")
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"))
  return files.toSorted().flatMap((fileName) => {
    const file = fileName.replace(/\.json$/, "")
    const parsed = normalise(JSON.parse(readFileSync(join(folder, fileName), "utf8"))) as {
      readonly scripts: Readonly<Record<string, readonly Step[]>>
    }
    return Object.entries(parsed.scripts).map(([name, steps]) => ({ name: `${file}/${name}`, file, steps }))
  })
}

/**
 * The files spell one field in several ways (`forcePath`, `force_path`; `changeCipherSuite`, `changeCiphersuite`). Their
 * first reader did not mind, so we must not either: a field that is not recognised would silently not be tested.
 */
function normalise(value: unknown, isScripts = false): unknown {
  if (Array.isArray(value)) return value.map((item) => normalise(item))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      isScripts ? key : key.toLowerCase().replaceAll("_", ""),
      normalise(inner, key === "scripts"),
    ]),
  )
}

const KNOWN_FIELDS: ReadonlySet<string> = new Set<keyof Step>([
  "action",
  "actor",
  "members",
  "joiners",
  "joiner",
  "clients",
  "keypackage",
  "removed",
  "pskid",
  "psks",
  "epochid",
  "extensions",
  "byreference",
  "byvalue",
  "forcepath",
  "externaltree",
  "removeprior",
  "authenticateddata",
  "plaintext",
  "ciphertext",
  "signer",
  "member",
  "description",
  "proposer",
  "committer",
  "welcomer",
  "changegroupid",
  "changeciphersuite",
  "externalreinitproposal",
])

/** Fields of steps that no action looks at: there must be none. */
export function unknownFields(scripts: readonly Script[]): string[] {
  const fields = scripts.flatMap(({ steps }) => steps.flatMap((step) => Object.keys(step)))
  return [...new Set(fields)].filter((field) => !KNOWN_FIELDS.has(field))
}

/** Everybody in a story, in the order in which they appear. */
export function actorsOf({ steps }: Script): string[] {
  const actors = new Set<string>()
  for (const { actor, members, joiners, joiner, clients, signer, proposer, committer, welcomer } of steps) {
    const named = [actor, ...(members ?? []), ...(joiners ?? []), joiner, ...(clients ?? [])]
    for (const name of [...named, signer, proposer, committer, welcomer]) if (name !== undefined) actors.add(name)
  }
  return [...actors]
}
