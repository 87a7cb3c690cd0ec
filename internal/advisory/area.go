package advisory

// Area is the part of a project that a rule is about; findings are grouped by it.
type Area string

// The areas.
const (
	AreaConfiguration  Area = "configuration"   // settings of the environment
	AreaDatabase       Area = "database"        // rows, columns, and the migrations that change them
	AreaDatabaseServer Area = "database server" // its version, its settings, the rights of the role
	AreaPermissions    Area = "permissions"     // roles, policies and what they allow
	AreaLogin          Area = "login"           // sessions and login through other services
	AreaExtensions     Area = "extensions"      // manifests and sources
	AreaFlows          Area = "flows"           // flows, their operations, webhooks
	AreaAPI            Area = "API"             // what programs ask: REST, GraphQL, WebSockets, the SDK
	AreaFiles          Area = "files"           // stored files and what is known of them
	AreaSchema         Area = "schema"          // snapshots and what applies them
	AreaStudio         Area = "Studio"          // what people see and do in the browser
	AreaLicence        Area = "licence"         // licence text and what a licence limits
	AreaNode           Area = "Node"            // the Node that runs the code
	AreaServer         Area = "server"          // how the server is built, started and watched
)

// Areas lists the areas in the order in which they are shown.
func Areas() []Area {
	return []Area{
		AreaLicence, AreaDatabase, AreaDatabaseServer, AreaPermissions, AreaLogin, AreaConfiguration, AreaServer, AreaNode,
		AreaExtensions, AreaFlows, AreaAPI, AreaFiles, AreaSchema, AreaStudio,
	}
}
