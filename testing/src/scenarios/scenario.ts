import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { violations } from "./json-schema.ts"
import type { Schema } from "./json-schema.ts"

/** Which messages a fault is about: all that is named has to fit; `occurrence` counts among those that do. */
export interface MessageSelector {
  readonly action_id?: string
  readonly publication?: string
  readonly sender?: string
  readonly class?: "commit" | "proposal" | "application" | "welcome" | "group_message"
  readonly occurrence?: number
}

/** What must be true at one moment. */
export type Predicate =
  | { readonly type: "client_state"; readonly client: string; readonly epoch?: number; readonly member_count?: number }
  | { readonly type: "payload_count"; readonly client: string; readonly payload: string; readonly count: number }
  | { readonly type: "clients_exactly_equivalent" | "no_pending_work"; readonly clients: readonly string[] }

/** The steps that the runner knows. */
export type Step =
  | { readonly type: "in_group"; readonly group: string; readonly action: Step }
  | {
      readonly type: "create_group"
      readonly creator: string
      readonly name: string
      readonly invitees: readonly string[]
      readonly initial_admins?: readonly string[]
      readonly pending: string
    }
  | {
      readonly type: "invite_members"
      readonly inviter: string
      readonly invitees: readonly string[]
      readonly pending: string
    }
  | {
      readonly type: "remove_members"
      readonly remover: string
      readonly members: readonly string[]
      readonly pending: string
    }
  | { readonly type: "self_update"; readonly client: string; readonly pending: string }
  | { readonly type: "update_group_data"; readonly client: string; readonly name: string; readonly pending: string }
  | {
      readonly type: "update_group_profile"
      readonly client: string
      readonly name?: string
      readonly description?: string
      readonly pending: string
    }
  | {
      readonly type: "update_admin_policy"
      readonly client: string
      readonly admins: readonly string[]
      readonly pending: string
    }
  | {
      readonly type: "expect_update_admin_policy_error"
      readonly client: string
      readonly admins: readonly string[]
      readonly error: string
    }
  | {
      readonly type: "acknowledge_outbound"
      readonly client: string
      readonly publication?: string
      readonly selection?: string
      readonly outcome: "accepted" | "reached_no_endpoint"
    }
  | { readonly type: "send_app_message"; readonly sender: string; readonly payload: string }
  | { readonly type: "leave" | "restart_client"; readonly client: string }
  | { readonly type: "deliver_all" | "await_quiescence" }
  | {
      readonly type:
        | "tick"
        | "observe"
        | "observe_exact"
        | "probe_bidirectional_decryptability"
        | "observe_admin_policy"
        | "clear_events"
      readonly clients: readonly string[]
    }
  | { readonly type: "advance_time"; readonly delta_ms: number }
  | { readonly type: "barrier"; readonly name: string }
  | { readonly type: "omit_message" | "duplicate_message"; readonly selector: MessageSelector }
  | { readonly type: "withhold_message"; readonly selector: MessageSelector; readonly label: string }
  | { readonly type: "release_withheld"; readonly label: string }
  | { readonly type: "reorder_messages"; readonly order: readonly MessageSelector[] }
  | {
      readonly type: "set_relay_event_visibility"
      readonly relay: string
      readonly selector: MessageSelector
      readonly clients: readonly string[]
      readonly visible: boolean
    }
  | {
      readonly type: "sync_relay_history"
      readonly clients: readonly string[]
      readonly sync: { readonly mode: string }
    }
  | { readonly type: "assert"; readonly assertion: { readonly mode: string; readonly predicate?: Predicate } }

/** What a run must have shown. */
export interface Outcome {
  readonly type: string
  readonly [field: string]: unknown
}

/** A scenario with what is expected of it. */
export interface ScenarioFile {
  readonly file: string
  readonly name: string
  readonly clients: readonly string[]
  readonly steps: readonly Step[]
  readonly outcomes: readonly Outcome[]
  readonly trace: ExpectedTrace | undefined
  /** The label of the account of each client; clients without a topology are accounts of their own. */
  readonly accounts: ReadonlyMap<string, string>
}

/** The whole of what a run must have shown, for the files that say it in this form. */
export interface ExpectedTrace {
  readonly pending_resolutions: readonly Record<string, unknown>[]
  readonly observations: readonly Record<string, unknown>[]
}

const FOLDER = "marmot-scenarios"
const FIXTURE_FIELDS = [
  "scenario_name",
  "vector_version",
  "conformance_version",
  "seed",
  "application_profile",
  "scenario",
  "expected_trace",
  "expected_outcomes",
]
const GENERATED_FIELDS = [
  "family_name",
  "generator_version",
  "seed",
  "case_index",
  "subject",
  "scenario",
  "expected_outcomes",
]

/** The scenario files below a folder of vectors, in the order of their names. */
export function scenarioFiles(vectorsDir: string): readonly string[] {
  const folder = join(vectorsDir, FOLDER)
  const generated = readdirSync(join(folder, "generated-inputs")).map((name) => join("generated-inputs", name))
  return [...readdirSync(folder), ...generated]
    .filter((name) => name.endsWith(".json") && name !== "manifest.v1.json")
    .toSorted()
    .map((name) => join(folder, name))
}

/** Reads a scenario. @throws Error for whatever does not fit its schema to the letter */
export function readScenario(vectorsDir: string, file: string): ScenarioFile {
  const read = parse(file)
  const isGenerated = "case" in read
  const fixture = isGenerated ? fieldsOf(read["case"]) : read
  assertFields(file, fixture, isGenerated ? GENERATED_FIELDS : FIXTURE_FIELDS)
  const scenario = fieldsOf(fixture["scenario"])
  assertSchema(vectorsDir, file, scenario)
  return {
    file: basename(file),
    name: String(scenario["name"]),
    clients: scenario["clients"] as string[],
    steps: scenario["steps"] as Step[],
    outcomes: (fixture["expected_outcomes"] ?? []) as Outcome[],
    trace: fixture["expected_trace"] as ExpectedTrace | undefined,
    accounts: accountsOf(scenario),
  }
}

function assertSchema(vectorsDir: string, file: string, scenario: Record<string, unknown>): void {
  const schemas = (name: string): Schema => parse(join(vectorsDir, FOLDER, "schemas", name))
  const version = String(scenario["spec_version"])
  if (version !== "2" && version !== "3") throw new Error(`${file}: there is no version ${version} of scenarios`)
  const found = violations(scenario, schemas(`scenario-ir.v${version}.schema.json`), schemas)
  if (found.length > 0) throw new Error(`${file} does not fit its schema: ${found.join("; ")}`)
}

function assertFields(file: string, fixture: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(fixture).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`${file} has fields that nobody checks: ${unknown.join(", ")}`)
  if (fixture["expected_outcomes"] === undefined && fixture["expected_trace"] === undefined) {
    throw new Error(`${file} expects nothing`)
  }
}

function accountsOf(scenario: Record<string, unknown>): ReadonlyMap<string, string> {
  const devices = fieldsOf(scenario["topology"] ?? {})["devices"]
  const list = Array.isArray(devices) ? devices.map(fieldsOf) : []
  return new Map(list.map(({ client, account }) => [String(client), String(account)]))
}

function parse(file: string): Record<string, unknown> {
  return fieldsOf(JSON.parse(readFileSync(file, "utf8")))
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("a scenario is an object")
  return value as Record<string, unknown>
}
