// Package tlsconfig makes a TLS configuration of what a project says about
// the encryption of its database's connection.
package tlsconfig

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// Strict does what Node's tls.connect does with the same values: the server's
// certificate must come from a known authority and be for the server name, or
// for the host. Its errors are for people. config.TLS must not be nil.
func Strict(config database.Config) (*tls.Config, error) {
	t := config.TLS
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: !t.Verify, //nolint:gosec // the project's own setting
	}
	if c.ServerName == "" {
		c.ServerName = config.Host
	}
	if t.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, fault.New("DB_SSL__CA holds no certificate", "it takes the text of a certificate in PEM form, or DB_SSL__CA_FILE the name of a file with one")
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, fault.Wrap(errors.New("they do not form a pair in PEM form"), "DB_SSL__CERT and DB_SSL__KEY cannot be used", "check both")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// ChainOnly is like Strict, but compares the name only where the project sets
// one, as mysql2 does (mysql2 3, lib/base/connection.js, startTLS:
// verifyIdentity).
func ChainOnly(config database.Config) (*tls.Config, error) {
	c, err := Strict(config)
	if err != nil || !config.TLS.Verify || config.TLS.ServerName != "" {
		return c, err
	}
	// Without a name to compare, the chain is verified below.
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, c.RootCAs) }
	return c, nil
}

// verifyChain verifies a certificate but for its name.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := state.PeerCertificates[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}
