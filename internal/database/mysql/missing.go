package mysql

// Missing reports whether an error of Open says that there is no such
// database on the server.
func Missing(err error) bool { return numberOf(err) == errUnknownDatabase }
