const SOURCES = ["SSL_CERT_FILE", "SSL_CERT_DIR"] as const
const NOTHING = "/dev/null"

let users = 0
let saved: readonly (string | undefined)[] = []

/**
 * Keeps the QUIC library from trusting the system's certificate authorities beside the pinned certificate.
 *
 * It loads them whenever it makes a client, has no option against it, and accepts whatever they signed for the name asked
 * for: any of them, or a company's own, could stand in for the pinned server. It finds them through these two variables,
 * so they point nowhere while a client is being made. Only the main thread's `process.env` reaches the library.
 *
 * @returns what restores the variables; call it once the client is made
 */
export function hideSystemTrust(): () => void {
  if (users++ === 0) {
    saved = SOURCES.map((name) => process.env[name])
    for (const name of SOURCES) process.env[name] = NOTHING
  }
  let hidden = true
  return () => {
    if (!hidden) return
    hidden = false
    if (--users > 0) return
    SOURCES.forEach((name, i) => {
      const value = saved[i]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    })
  }
}
