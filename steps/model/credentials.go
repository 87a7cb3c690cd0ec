package model

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
)

// Role is which of two models one is.
type Role string

// The roles.
const (
	Base   Role = "base"   // has the model that is wanted
	Target Role = "target" // is to get it
)

const howToLogIn = "put a token of an administrator into BUNNYHOP_BASE_TOKEN or BUNNYHOP_TARGET_TOKEN, " +
	"or an e-mail address and a password into BUNNYHOP_BASE_EMAIL and BUNNYHOP_BASE_PASSWORD (or TARGET)"

// Credentials log in at a server. They come from the environment, where other
// users of the machine cannot read them.
type Credentials struct{ Token, Email, Password string }

// CredentialsOf reads those for a role from an environment.
func CredentialsOf(environ []string, role Role) Credentials {
	prefix := "BUNNYHOP_" + strings.ToUpper(string(role)) + "_"
	value := func(name string) string {
		for _, entry := range environ {
			if text, ok := strings.CutPrefix(entry, prefix+name+"="); ok {
				return text
			}
		}
		return ""
	}
	return Credentials{value("TOKEN"), value("EMAIL"), value("PASSWORD")}
}

// Secrets are what must not be seen of them.
func (c Credentials) Secrets() []string {
	var all []string
	for _, secret := range []string{c.Token, c.Password} {
		if secret != "" {
			all = append(all, secret)
		}
	}
	return all
}

// Check says what is missing to log in at an address.
func (c Credentials) Check(address string) error {
	if c.Token != "" || c.Email != "" && c.Password != "" {
		return nil
	}
	return fault.New("nobody may read the data model of "+address+" without logging in", howToLogIn).WithCode(fault.Unanswered)
}

// connect returns a client that is logged in as an administrator.
func connect(ctx context.Context, address string, c Credentials) (*directus.Client, error) {
	if err := c.Check(address); err != nil {
		return nil, err
	}
	client := directus.NewClient(address, c.Token)
	if c.Token == "" {
		if err := client.Login(ctx, c.Email, c.Password); err != nil {
			return nil, refused(err, address)
		}
	}
	if err := client.Ping(ctx); err != nil {
		return nil, refused(err, address)
	}
	return client, nil
}

// refused says in words what a server's refusal means.
func refused(err error, address string) error {
	var answer *directus.APIError
	if !errors.As(err, &answer) {
		return fault.Wrap(err, address+" does not answer", "check the address, and that the server runs")
	}
	switch answer.Status {
	case http.StatusUnauthorized:
		return fault.Wrap(err, address+" does not know this token or password", howToLogIn)
	case http.StatusForbidden:
		return fault.Wrap(err, address+" lets only administrators read and change the data model", "use the token of an administrator")
	case http.StatusNotFound:
		return fault.Wrap(err, address+" is no Directus, or one before 9.23", "check the address; older versions can only be read from their database")
	}
	return fault.Wrap(err, address+" refuses", "see what the server says in its log")
}
