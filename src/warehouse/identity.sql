-- Which database this is. The system identifier is made with the server's data and is the same in its standbys and backups.
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database()
