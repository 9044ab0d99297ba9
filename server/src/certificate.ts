import { existsSync, readFileSync } from "node:fs"
import { networkInterfaces, hostname } from "node:os"
import { certificateMatchesKey, certificateWarning, makeCertificate, readCertificate } from "@qpc/transport-quic"
import type { ServerCertificate } from "@qpc/transport-quic"
import type { Configuration } from "./config/configuration.ts"
import { onDisk, writeDurably } from "./data-directory.ts"
import type { DataDirectory } from "./data-directory.ts"
import { StartError } from "./exit-code.ts"

/** The certificate to listen with, and what the operator should know about it. */
export interface LoadedCertificate {
  readonly certificate: ServerCertificate
  readonly fingerprint: string
  readonly warning: string | undefined
}

const MADE_DAYS = 825
/** A made certificate is renewed at a start this long before it ends: a server may run for months without one. */
const RENEW_DAYS = 180
const DAY_MS = 86_400_000

/**
 * The configured certificate, or one made by itself and renewed under the same key, so that clients keep their pin.
 *
 * @throws StartError `config` for one that is unfit or expired, `disk`
 */
export function loadCertificate(
  directory: DataDirectory,
  configuration: Pick<Configuration, "tlsCert" | "tlsKey" | "publicNames" | "listen">,
  now: Date,
): LoadedCertificate {
  const { tlsCert, tlsKey } = configuration
  const isMade = tlsCert === ""
  const certificateFile = isMade ? directory.certificateFile : tlsCert
  const privateKeyFile = isMade ? directory.privateKeyFile : tlsKey
  if (isMade) makeIfDue(directory, configuration, now)
  const certificatePem = readPem(certificateFile)
  const certificate = { certificatePem, privateKeyPem: readPem(privateKeyFile) }
  const { fingerprint, notBefore, notAfter, ...info } = fit(certificateFile, () => readCertificate(certificatePem))
  if (!fit(privateKeyFile, () => certificateMatchesKey(certificate))) {
    throw new StartError("config", `${privateKeyFile} is not the key of ${certificateFile}: give the two made together`)
  }
  if (notAfter <= now) {
    const date = notAfter.toISOString().slice(0, 10)
    throw new StartError(
      "config",
      `${certificateFile} expired on ${date}: renew it with the same key, so that clients keep their pin`,
    )
  }
  if (notBefore > now) {
    const date = notBefore.toISOString()
    throw new StartError("config", `${certificateFile} is valid from ${date} on: check this machine's clock`)
  }
  return { certificate, fingerprint, warning: certificateWarning({ fingerprint, notBefore, notAfter, ...info }, now) }
}

function makeIfDue(
  { certificateFile, privateKeyFile }: DataDirectory,
  { publicNames, listen }: Pick<Configuration, "publicNames" | "listen">,
  now: Date,
): void {
  const privateKeyPem = existsSync(privateKeyFile) ? readPem(privateKeyFile) : undefined
  if (privateKeyPem !== undefined && existsSync(certificateFile)) {
    const { notAfter, names } = fit(certificateFile, () => readCertificate(readPem(certificateFile)))
    const isNamed = publicNames.every((name) => names.includes(name))
    if (isNamed && notAfter.getTime() - now.getTime() > RENEW_DAYS * DAY_MS) return
  }
  const names = publicNames.length > 0 ? publicNames : namesOfMachine(listen.host)
  const made = fit(certificateFile, () =>
    makeCertificate({ names, days: MADE_DAYS, now, ...(privateKeyPem === undefined ? {} : { privateKeyPem }) }),
  )
  // The key first: a certificate without its key is useless, a key without certificate gets one at the next start.
  if (privateKeyPem === undefined) writeDurably(privateKeyFile, made.privateKeyPem, 0o600)
  writeDurably(certificateFile, made.certificatePem, 0o644)
}

/** Under which names and addresses clients may reach this machine. */
function namesOfMachine(listenHost: string): string[] {
  if (listenHost !== "0.0.0.0" && listenHost !== "::") return [listenHost]
  const addresses = Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address))
  return [hostname(), "localhost", ...addresses.filter((address) => !address.includes("%"))].filter(isName)
}

const isName = (name: string): boolean => /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,252}$/.test(name) || name.includes(":")

const readPem = (file: string): string => onDisk(file, "read", () => readFileSync(file, "utf8"))

function fit<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new StartError("config", `${file}: ${error.message}`, { cause: error })
  }
}
