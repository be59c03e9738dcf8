//! The catalogue of SQL statements: text, versions, privilege, meaning. Imports nothing.
