package project

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"

	"bunnyhop/internal/database"
)

// tls reads the options for Node's tls.connect. Only rejectUnauthorized that
// is false itself turns the check off: with 0 or "" Node 20 and 22 still
// check.
func (r *databaseReader) tls(options map[string]any) *database.TLS {
	t := &database.TLS{
		Verify: options["rejectUnauthorized"] != false,
		CA:     r.pem(options["ca"]), Cert: r.pem(options["cert"]), Key: r.pem(options["key"]),
	}
	t.ServerName, _ = options["servername"].(string)
	from := "DB_SSL__CA, DB_SSL__CERT and DB_SSL__KEY hold text, DB_SSL__CA_FILE and so on name files"
	if r.inString {
		from = "sslrootcert, sslcert and sslkey in DB_CONNECTION_STRING name files"
	}
	hasCA := x509.NewCertPool().AppendCertsFromPEM([]byte(t.CA))
	switch {
	case t.CA == "" || hasCA:
	case t.Verify:
		r.fail("the certificate authority of the database's server is no certificate in PEM form", from)
	default:
		t.CA = "" // nothing is checked, and Node does not mind
	}
	if truthy(options["passphrase"]) || truthy(options["pfx"]) {
		r.fail("the key for the database is protected by a passphrase, or is a PFX file, which is not supported here", "give the key as PEM text without a passphrase, in a file of mode 0600 named by DB_SSL__KEY_FILE")
		return t
	}
	if t.Cert != "" || t.Key != "" {
		if _, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key)); err != nil {
			// The cause is left out: it may quote what it read.
			r.fail("the certificate and the key for the database do not make a pair in PEM form", from)
		}
	}
	return t
}

// pem is PEM text, or a list of several.
func (r *databaseReader) pem(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var texts []string
		for _, item := range v {
			texts = append(texts, r.pem(item))
		}
		return strings.Join(texts, "\n")
	}
	return ""
}

func isIP(host string) bool { return net.ParseIP(host) != nil }
