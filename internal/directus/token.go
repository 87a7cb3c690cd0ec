package directus

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bunnyhop/internal/fault"
)

// AdminToken makes a short-lived access token for an active admin of the
// project, signed with the project's SECRET, as Directus itself does at login
// (@directus/api 12.4.0, dist/services/authentication.js). With it a running
// server can be asked what only admins may know, without a password and
// without writing to its database. The token ends after ttl and is not kept.
// A project without SECRET signs with a random one, so it cannot be asked this
// way.
func AdminToken(ctx context.Context, db Database, secret string, ttl time.Duration) (string, error) {
	if secret == "" {
		return "", fault.New("the server cannot be asked as an admin, because SECRET is not set",
			"set SECRET in the project's configuration")
	}
	user, role, err := findAdmin(ctx, db)
	if err != nil {
		return "", err
	}
	payload := map[string]any{
		"id": user, "role": nil, "app_access": true, "admin_access": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(ttl).Unix(), "iss": "directus",
	}
	if role != "" {
		payload["role"] = role
	}
	claims, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil)), nil
}

// findAdmin finds an active user with admin access through the role or, from
// 11 on, a policy of their own; the first by id.
func findAdmin(ctx context.Context, db Database) (user, role string, err error) {
	matrix, err := ReadAccess(ctx, db)
	if err != nil {
		return "", "", err
	}
	users, err := selectRows(ctx, db, "directus_users", "id", "role", "status")
	if err != nil {
		return "", "", fmt.Errorf("reading directus_users: %w", err)
	}
	slices.SortFunc(users, func(a, b row) int { return compareText(a, b, "id") })
	for _, u := range users {
		if u.text("status") != "active" {
			continue
		}
		for _, key := range []string{"role " + u.text("role"), "user " + u.text("id")} {
			if p := matrix.Principals[key]; p != nil && p.Admin {
				return u.text("id"), u.text("role"), nil
			}
		}
	}
	return "", "", fault.New("the project has no active user with admin access", "make one before the upgrade")
}
