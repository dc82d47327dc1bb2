// A program in Java against a connector, over Flight SQL by JDBC: each line that it prints is one thing that was tried.
//
// Arguments: the URL, the id of the token, its secret.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

public class Programs {
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        try (Connection connection = DriverManager.getConnection(url, arguments[1], arguments[2])) {
            question(connection);
            parameters(connection);
            errors(connection);
            tree(connection);
        }
        try (Connection connection = DriverManager.getConnection(url, arguments[1], "0".repeat(64))) {
            throw new AssertionError("a wrong secret was taken");
        } catch (SQLException refused) {
            check(text(refused).contains("TOKEN_INVALID"), text(refused));
            System.out.println("jdbc: a wrong secret, told at connect");
        }
        try (Connection connection = DriverManager.getConnection(url + "&token=hansa_" + arguments[1] + "_" + arguments[2])) {
            question(connection);
        }
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    static String text(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(cause.getMessage()).append('\n');
        }
        return text.toString();
    }

    static void question(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT site, bikes FROM lindau.bikes ORDER BY site")) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getString("site") + " " + rows.getLong("bikes"));
            }
            check(found.equals(List.of("Hafen 310", "Insel 77")), found.toString());
        }
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT VERSION()")) {
            check(rows.next() && rows.getString(1).startsWith("Hansa "), "the version");
        }
        System.out.println("jdbc: a question");
    }

    static void parameters(Connection connection) throws SQLException {
        String sql = "SELECT bikes FROM lindau.bikes WHERE site = ? AND bikes < ? LIMIT ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int round = 0; round < 2; round++) {
                statement.setString(1, "Hafen");
                statement.setLong(2, round == 0 ? 1000 : 10);
                statement.setLong(3, 5);
                try (ResultSet rows = statement.executeQuery()) {
                    check(rows.next() == (round == 0), "round " + round);
                    check(round == 1 || rows.getLong(1) == 310, "the value");
                }
            }
        }
        System.out.println("jdbc: parameters");
    }

    static void errors(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT bike FROM lindau.bikes");
            throw new AssertionError("there is no such column");
        } catch (SQLException refused) {
            check(text(refused).contains("COLUMN_UNKNOWN"), text(refused));
        }
        System.out.println("jdbc: errors are told");
    }

    static void tree(Connection connection) throws SQLException {
        DatabaseMetaData metadata = connection.getMetaData();
        check(metadata.getDatabaseProductName().equals("Hansa"), metadata.getDatabaseProductName());
        check(metadata.isReadOnly(), "read only");
        List<String> found = new ArrayList<>();
        try (ResultSet rows = metadata.getCatalogs()) {
            check(!rows.next(), "there are no catalogues");
        }
        try (ResultSet rows = metadata.getSchemas()) {
            while (rows.next()) {
                found.add(rows.getString(1));
            }
        }
        try (ResultSet rows = metadata.getTables(null, "%", "%", null)) {
            while (rows.next()) {
                found.add(rows.getString("TABLE_NAME") + " " + rows.getString("TABLE_TYPE"));
            }
        }
        try (ResultSet rows = metadata.getColumns(null, "lindau", "bikes", "%")) {
            while (rows.next()) {
                found.add(rows.getString("COLUMN_NAME") + " " + rows.getString("TYPE_NAME"));
            }
        }
        try (ResultSet rows = metadata.getTableTypes()) {
            while (rows.next()) {
                found.add(rows.getString(1));
            }
        }
        try (ResultSet rows = metadata.getPrimaryKeys(null, "lindau", "bikes")) {
            check(!rows.next(), "there are no keys");
        }
        try (ResultSet rows = metadata.getImportedKeys(null, "lindau", "bikes")) {
            check(!rows.next(), "there are no keys");
        }
        check(
                found.equals(List.of("lindau", "bikes TABLE", "site VARCHAR", "bikes BIGINT", "TABLE")),
                found.toString());
        System.out.println("jdbc: the tree");
    }
}
