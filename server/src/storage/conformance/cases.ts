import { accountCases } from "./account-cases.ts"
import { commitLogCases } from "./commit-log-cases.ts"
import { deliveryCases } from "./delivery-cases.ts"
import { deviceCases } from "./device-cases.ts"
import { headCases } from "./head-cases.ts"
import type { StorageCase } from "./storage-case.ts"

export type { StorageCase } from "./storage-case.ts"

/** Every promise of the storage contract that can be seen from outside one process. */
export const storageCases: readonly StorageCase[] = [
  ...accountCases,
  ...deviceCases,
  ...deliveryCases,
  ...commitLogCases,
  ...headCases,
]
