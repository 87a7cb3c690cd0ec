package directus_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
	"bunnyhop/internal/fault"
)

func TestAdminToken(t *testing.T) {
	t.Parallel()
	for _, version := range fixture.Versions() {
		db := fixture.Open(t, version)
		token, err := directus.AdminToken(t.Context(), db, "the secret", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(token, ".")
		mac := hmac.New(sha256.New, []byte("the secret"))
		mac.Write([]byte(parts[0] + "." + parts[1]))
		if len(parts) != 3 || parts[2] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
			t.Errorf("%s: bad signature", version)
		}
		data, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			ID, Role, Iss string
			Iat, Exp      int64
			Admin         bool `json:"admin_access"`
		}
		if err := json.Unmarshal(data, &claims); err != nil {
			t.Fatal(err)
		}
		if claims.Iss != "directus" || !claims.Admin || claims.Exp-claims.Iat != 60 ||
			number(t, db, "SELECT count(*) FROM directus_users WHERE email = 'admin@example.com' AND id = '"+claims.ID+"' AND role = '"+claims.Role+"'") != 1 {
			t.Errorf("%s: %+v", version, claims)
		}
	}
}

func TestAdminTokenNeedsSecretAndAdmin(t *testing.T) {
	t.Parallel()
	db := fixture.Open(t, "11.17.4")
	if _, err := directus.AdminToken(t.Context(), db, "", time.Minute); fault.HintOf(err) == "" {
		t.Errorf("without a secret: %v", err)
	}
	db.Exec(t, "UPDATE directus_users SET status = 'suspended' WHERE email = 'admin@example.com'")
	if _, err := directus.AdminToken(t.Context(), db, "x", time.Minute); fault.HintOf(err) == "" {
		t.Errorf("without an active admin: %v", err)
	}
	db.Exec(t, "INSERT INTO directus_access (id, user, policy) SELECT 'x', u.id, p.id FROM directus_users u, directus_policies p WHERE u.email = 'u4@example.com' AND p.admin_access = 1")
	if _, err := directus.AdminToken(t.Context(), db, "x", time.Minute); err != nil {
		t.Errorf("an admin by a policy of their own: %v", err)
	}
}
