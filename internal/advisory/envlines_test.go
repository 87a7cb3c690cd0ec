package advisory_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/advisory"
)

func TestEnvLines(t *testing.T) {
	t.Parallel()
	extensions := t.TempDir()
	if err := os.MkdirAll(filepath.Join(extensions, "migrations", "20300101A-x.js"), 0o750); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from, to string
		config   config
		want     []string
	}{
		"10 to 11":             {"10.13.4", "11.17.4", config{}, nil},
		"10 to 12":             {"10.13.4", "12.4.0", config{}, []string{"12.0.0 IP_TRUST_PROXY=true recommended"}},
		"set already":          {"10.13.4", "12.4.0", config{"IP_TRUST_PROXY": "1"}, nil},
		"12 to 12":             {"12.0.2", "12.4.0", config{}, nil},
		"from 9.6":             {"9.6.0", "10.3.0", config{}, []string{"9.7.0 CORS_ENABLED=true recommended", "9.7.0 CORS_ORIGIN=true recommended", "9.23.1 EMAIL_FROM=no-reply@directus.io"}},
		"one Redis":            {"10.3.0", "10.13.4", config{"CACHE_REDIS": "redis://u:p@h", "RATE_LIMITER_REDIS": "redis://u:p@h"}, []string{"10.4.0 REDIS=redis://u:p@h recommended secret", "10.10.0 MIGRATIONS_PATH=./extensions/migrations recommended"}},
		"Redis in parts":       {"10.3.0", "10.4.0", config{"CACHE_REDIS_HOST": "h", "CACHE_REDIS_PASSWORD": "p"}, []string{"10.4.0 REDIS_HOST=h recommended", "10.4.0 REDIS_PASSWORD=p recommended secret"}},
		"two Redis":            {"10.3.0", "10.4.0", config{"CACHE_REDIS_HOST": "h", "MESSENGER_REDIS_HOST": "i"}, nil},
		"extensions elsewhere": {"10.9.0", "10.10.0", config{"EXTENSIONS_PATH": "/srv/ext"}, []string{"10.10.0 MIGRATIONS_PATH=/srv/ext/migrations recommended"}},
		"SSO":                  {"10.9.0", "10.10.0", config{"AUTH_PROVIDERS": "google, ad", "AUTH_GOOGLE_DRIVER": "openid", "AUTH_AD_DRIVER": "ldap", "MIGRATIONS_PATH": "x"}, []string{"10.10.0 AUTH_GOOGLE_MODE=cookie"}},
		"SendGrid": {"11.0.0", "11.17.4", config{"EMAIL_TRANSPORT": "sendgrid", "EMAIL_SENDGRID_API_KEY": "k"}, []string{
			"11.1.1 EMAIL_TRANSPORT=smtp recommended", "11.1.1 EMAIL_SMTP_HOST=smtp.sendgrid.net recommended", "11.1.1 EMAIL_SMTP_PORT=587 recommended",
			"11.1.1 EMAIL_SMTP_USER=apikey recommended", "11.1.1 EMAIL_SMTP_PASSWORD=k recommended secret",
		}},
	} {
		lines, err := advisory.EnvLines(t.Context(), advisory.Input{From: c.from, To: c.to, Config: c.config, ExtensionsPath: extensions})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range lines {
			text := l.Version + " " + l.Key + "=" + l.Value
			if l.Recommended {
				text += " recommended"
			}
			if l.Secret {
				text += " secret"
			}
			if l.Comment == "" || l.Reason == "" {
				t.Errorf("%s: %s says nothing", name, l.Key)
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
