const USERNAME = /^[\p{L}\p{M}\p{Nd}._-]{1,64}$/u

/**
 * True for what may be a username: 1 to 64 letters (with their marks), decimal digits, dots, underscores and hyphens,
 * in NFC, so that one name has one spelling in bytes.
 */
export function isUsername(text: string): boolean {
  return USERNAME.test(text) && text.normalize("NFC") === text
}

/**
 * What two usernames must not share: case folded (by way of upper case, which unifies ß with ss and the forms of sigma)
 * and with compatibility forms such as full-width letters unified.
 */
export function usernameKey(username: string): string {
  return username.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC")
}
