package release

// knownBad are releases that people were harmed by and that a later one put
// right, with the reason. Each is a report of people who took it; that others
// had no trouble with it is no reason to take it when a later one is there.
var knownBad = map[string]string{
	// directus/directus issue 14325.
	"9.14.0": "the buttons of SSO providers on the login page are reported broken",
	// directus/directus issues 16876 and 16985.
	"9.22.0": "files kept in S3 are reported not to be served any more",
	"9.22.1": "files kept in S3 are reported not to be served any more",
	// directus/directus issues 22584 and 22696: the step that adds the column is
	// recorded and the column is not there.
	"10.11.1": "logins through SSO are reported to fail: the column next_token of directus_sessions is missing",
	// directus/directus issue 24054; the migration 20240909A in @directus/api
	// 23.1.0 (of 11.1.2) and 23.1.2 (of 11.2.1), compared with that in 23.3.2.
	"11.1.2": "its migration to comments fails on some databases, which is left half-migrated; later releases have another one",
	"11.2.1": "its migration to comments fails on some databases, which is left half-migrated; later releases have another one",
	// directus/directus issue 24995.
	"11.6.0": "permissions are reported to stop working after the update",
	// becem-gharbi/nuxt-directus issue 98; taken back in the release after it.
	"11.13.3": "it changed where a login through SSO leads back to, which broke such logins and was taken back",
}

// KnownBad says why a version is not to be taken, or "".
func KnownBad(version string) string { return knownBad[version] }
