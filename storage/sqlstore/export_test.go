package sqlstore

// CheckVersion is what Open asks of SQLite.
var CheckVersion = checkVersion
