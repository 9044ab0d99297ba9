import type { ClientObservation } from "./observe.ts"
import type { Mode } from "./participant.ts"
import type { Run } from "./run.ts"
import type { ExpectedTrace, Outcome, ScenarioFile } from "./scenario.ts"

/** An expectation that has no meaning in a mode. */
export interface NotExpected {
  readonly type: string
  readonly why: string
}

/** What became of all that a file expects. */
export interface Judgement {
  readonly failures: readonly string[]
  readonly notExpected: readonly NotExpected[]
}

/** The names that the scenarios have for what decides a fork. */
const RULES: Readonly<Record<string, string>> = {
  effective_commit_depth: "depth",
  witness_quorum_met: "quorum",
  tip_committer: "committer",
  tip_digest: "commit_hash",
}

/** Compares what a run showed with what its file expects. */
export function judge(scenario: ScenarioFile, { observed, failures }: Run, mode: Mode): Judgement {
  const found = [...failures]
  const notExpected: NotExpected[] = []
  for (const outcome of scenario.outcomes) {
    if (mode === "ordered" && outcome.type === "convergence_decision") {
      notExpected.push({ type: outcome.type, why: "where a delivery service orders there is nothing to decide" })
    } else found.push(...complaints(outcome, observed))
  }
  if (scenario.trace !== undefined) found.push(...traceComplaints(scenario.trace, observed))
  for (const { index, isQuiet } of observed.quiet) if (!isQuiet) found.push(`step ${index}: it never became quiet`)
  return { failures: found, notExpected }
}

type Observed = Run["observed"]

function complaints(outcome: Outcome, observed: Observed): readonly string[] {
  const rule = CHECKS[outcome.type]
  if (rule === undefined) return [`nobody checks the outcome ${outcome.type}`]
  const unknown = Object.keys(outcome).filter((field) => field !== "type" && !rule.fields.includes(field))
  if (unknown.length > 0) return [`nobody checks ${unknown.join(", ")} of ${outcome.type}`]
  return rule.check(outcome, observed)
}

interface Check {
  readonly fields: readonly string[]
  readonly check: (outcome: Outcome, observed: Observed) => readonly string[]
}

const CHECKS: Readonly<Record<string, Check>> = {
  pending_resolution: {
    fields: ["step_index", "client", "pending", "resolution"],
    check: ({ step_index: index, client, pending, resolution }, { resolutions }) => {
      const found = resolutions.find((one) => one.index === index && one.client === client && one.pending === pending)
      return same(`what became of ${pending}`, found?.resolution, resolution)
    },
  },
  expected_error: {
    fields: ["step_index", "client", "operation", "error"],
    check: ({ step_index: index, client, operation, error }, { errors }) => {
      const found = errors.find((one) => one.index === index && one.client === client && one.operation === operation)
      return same(`the error of step ${index}`, found?.error, error)
    },
  },
  admin_policy: {
    fields: ["client", "admins"],
    check: ({ client, admins }, observed) => {
      const found = observed.admins.findLast((one) => one.client === client)
      return same(`the admins as ${client} knows them`, found?.admins.toSorted(), strings(admins).toSorted())
    },
  },
  client_state: {
    fields: ["client", "epoch", "member_count", "received_payloads", "added_members", "removed_members"],
    check: (outcome, observed) => {
      const found = of(observed, outcome["client"])
      return [
        ...same(`the epoch of ${outcome["client"]}`, found?.epoch, outcome["epoch"]),
        ...same(`the members as ${outcome["client"]} knows them`, found?.memberCount, outcome["member_count"]),
        ...ifSaid(`the texts of ${outcome["client"]}`, found?.payloads, outcome["received_payloads"]),
        ...ifSaid(`who came in, for ${outcome["client"]}`, found?.added, outcome["added_members"]),
        ...ifSaid(`who went, for ${outcome["client"]}`, found?.removed, outcome["removed_members"]),
      ]
    },
  },
  client_epoch_changes: {
    fields: ["client", "changes"],
    check: ({ client, changes }, observed) =>
      same(`the epochs that ${client} went through`, of(observed, client)?.epochChanges, changes),
  },
  group_profile: {
    fields: ["client", "name", "description"],
    check: ({ client, name, description }, observed) => [
      ...same(`the name of the group for ${client}`, of(observed, client)?.name, name),
      // Our groups have none, which is the empty one.
      ...same(`the description of the group for ${client}`, "", description),
    ],
  },
  clients_converged: {
    fields: ["clients", "epoch", "member_count"],
    check: ({ clients, epoch, member_count: memberCount }, observed) => {
      const found = strings(clients).map((client) => of(observed, client))
      return [
        ...agreement(clients, observed),
        ...found.flatMap((one) => ifSaid(`the epoch of ${one?.client}`, one?.epoch, epoch)),
        ...found.flatMap((one) => ifSaid(`the members as ${one?.client} knows them`, one?.memberCount, memberCount)),
      ]
    },
  },
  clients_exactly_equivalent: {
    fields: ["clients"],
    check: ({ clients }, observed) => agreement(clients, observed),
  },
  clients_bidirectionally_decryptable: {
    fields: ["clients"],
    check: ({ clients }, { probes }) => {
      const found = probes.findLast((one) => same("", one.clients, clients).length === 0)
      return same("that everybody reads everybody", found?.isHeard, true)
    },
  },
  no_pending_work: {
    fields: ["clients"],
    check: ({ clients }, observed) =>
      strings(clients).flatMap((client) => same(`that ${client} has open work`, of(observed, client)?.hasWork, false)),
  },
  convergence_decision: {
    fields: ["client", "selected_tip_epoch", "decisive_rule", "witness_quorum_met", "min_app_witness_score"],
    check: (outcome, observed) => {
      const { client } = outcome
      const named = client === undefined ? observed.clients : [of(observed, client)]
      const all = named.map((one) => decisionComplaints(outcome, one))
      return all.find((one) => one.length === 0) ?? all[0] ?? ["nobody was looked at"]
    },
  },
}

function decisionComplaints(outcome: Outcome, found: ClientObservation | undefined): readonly string[] {
  const { decisive_rule: rule, min_app_witness_score: least = 0 } = outcome
  const { branches } = found ?? {}
  const score = branches?.witnessScore ?? -1
  return [
    ...ifSaid(`the tip of ${found?.client}`, found?.epoch, outcome["selected_tip_epoch"]),
    ...(rule === undefined ? [] : same(`what decided for ${found?.client}`, branches?.rule, RULES[`${rule}`])),
    ...ifSaid(`the quorum of ${found?.client}`, branches?.hasQuorum, outcome["witness_quorum_met"]),
    ...(score >= Number(least) ? [] : [`${found?.client} heard ${score} people, not ${least}`]),
  ]
}

function traceComplaints(trace: ExpectedTrace, observed: Observed): readonly string[] {
  const resolutions = observed.resolutions.map(({ index, ...rest }) => ({ step_index: index, ...rest }))
  return [
    ...same("what became of the commits", sorted(resolutions), sorted(trace.pending_resolutions)),
    ...same("how often clients were looked at", observed.clients.length, trace.observations.length),
    ...trace.observations.flatMap((expected, at) => {
      const found = observed.clients[at]
      return found === undefined ? [] : same(`what ${found.client} showed`, sorted([traced(found)]), sorted([expected]))
    }),
  ]
}

/** In the form that the files have. Texts are never taken back here. */
function traced(found: ClientObservation): Record<string, unknown> {
  const { client, epoch, payloads, added, removed, epochChanges } = found
  return {
    client,
    epoch,
    member_count: found.memberCount,
    group_name: found.name,
    event_counts: {
      message_received: payloads.length,
      member_added: added.length,
      member_removed: removed.length,
      epoch_changed: epochChanges.length,
      app_invalidated: 0,
    },
    received_payloads: payloads,
    removed_members: removed,
  }
}

function agreement(clients: unknown, observed: Observed): readonly string[] {
  const states = strings(clients).map((client) => of(observed, client)?.exact ?? `${client} was not looked at`)
  return new Set(states).size === 1 ? [] : [`${strings(clients).join(", ")} do not agree: ${states.join(" | ")}`]
}

function of({ clients }: Observed, label: unknown): ClientObservation | undefined {
  return clients.findLast(({ client }) => client === label)
}

function same(what: string, found: unknown, expected: unknown): readonly string[] {
  const [is, shall] = [JSON.stringify(found), JSON.stringify(expected)]
  return is === shall ? [] : [`${what}: ${is}, not ${shall}`]
}

function ifSaid(what: string, found: unknown, expected: unknown): readonly string[] {
  return expected === undefined ? [] : same(what, found, expected)
}

/** The same records whatever the order of their fields. */
function sorted(records: readonly object[]): readonly unknown[] {
  return records.map((record) => Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
